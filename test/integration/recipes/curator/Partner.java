// Curator's side of layouts_test.py: Partner HOST:PORT. Does what the lines of its standard input say, each on a thread of
// its own: `ID VERB ARGUMENT...` is answered by `ID ok TEXT` or `ID failed MESSAGE`. partner.cpp understands the same.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.MultiItem;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.SharedValue;
import org.apache.curator.framework.recipes.shared.VersionedValue;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.details.JsonInstanceSerializer;

public class Partner {
    interface Action {
        void run() throws Exception;
    }

    // Locks belong to the thread that has acquired them, so whoever acquires waits here until it is told to release.
    static class Held {
        final BlockingQueue<Action> told = new LinkedBlockingQueue<>();
        final CountDownLatch released = new CountDownLatch(1);
    }

    static final QueueSerializer<String> AS_TEXT = new QueueSerializer<>() {
        public byte[] serialize(String item) {
            return item.getBytes(StandardCharsets.UTF_8);
        }

        public String deserialize(byte[] data) {
            return new String(data, StandardCharsets.UTF_8);
        }
    };

    static CuratorFramework client;
    static final Map<String, Action> releases = new ConcurrentHashMap<>();
    static final Map<String, Held> holders = new ConcurrentHashMap<>();
    static final Map<String, DistributedDoubleBarrier> rounds = new ConcurrentHashMap<>();
    static final Map<String, Consumer> consumers = new ConcurrentHashMap<>();
    static final Map<String, GroupMember> joined = new ConcurrentHashMap<>();

    static synchronized void answer(String id, String text) {
        System.out.println(id + " " + text);
        System.out.flush();
    }

    static void perform(String id, String verb, String[] given) {
        try {
            answer(id, "ok " + act(id, verb, given));
            Held held = holders.get(id);
            if (held != null) {
                held.told.take().run();
                held.released.countDown();
            }
        } catch (Throwable error) {
            answer(id, "failed " + error);
        }
    }

    static String hold(String id) {
        holders.put(id, new Held());
        return "";
    }

    static String release(String id) throws Exception {
        Held held = holders.get(id);
        if (held == null) {
            releases.remove(id).run();
        } else {
            held.told.put(releases.remove(id));
            held.released.await();
        }
        return "";
    }

    static String act(String id, String verb, String[] given) throws Exception {
        switch (verb) {
            case "lock": {
                InterProcessMutex mutex = new InterProcessMutex(client, given[0]);
                mutex.acquire();
                releases.put(id, mutex::release);
                return hold(id);
            }
            case "count":
                return count(given[0], given[1], Integer.parseInt(given[2]));
            case "read": {
                InterProcessMutex reader = new InterProcessReadWriteLock(client, given[0]).readLock();
                reader.acquire();
                releases.put(id, reader::release);
                return hold(id);
            }
            case "write": {
                InterProcessMutex writer = new InterProcessReadWriteLock(client, given[0]).writeLock();
                writer.acquire();
                releases.put(id, writer::release);
                return hold(id);
            }
            case "lease": {
                int count = Integer.parseInt(given[1]);
                InterProcessSemaphoreV2 slots = new InterProcessSemaphoreV2(client, given[0], count);
                Lease lease = slots.acquire();
                releases.put(id, () -> slots.returnLease(lease));
                return "";
            }
            case "lead":
                return lead(id, given[0]);
            case "latch": {
                LeaderLatch latch = new LeaderLatch(client, given[0], "theirs");
                latch.start();
                latch.await();
                releases.put(id, latch::close);
                return "";
            }
            case "release":
                return release(given[0]);
            case "put":
            case "put-many": {
                try (DistributedQueue<String> queue = builder(null, given).buildQueue()) {
                    queue.start();
                    if (verb.equals("put")) {
                        queue.put(given[2]);
                    } else {
                        queue.putMulti(multiple(given[2].split(",")));
                    }
                    queue.flushPuts(10, TimeUnit.SECONDS);
                }
                return "";
            }
            case "put-first": {
                try (DistributedPriorityQueue<String> queue = builder(null, given).buildPriorityQueue(0)) {
                    queue.start();
                    queue.put(given[2], Integer.parseInt(given[3]));
                    queue.flushPuts(10, TimeUnit.SECONDS);
                }
                return "";
            }
            case "take": {
                Consumer consumer = consumer(given);
                String item = consumer.taken.take();
                releases.put(id, () -> consumer.finished.put(item));
                return item;
            }
            case "finish":
                releases.remove(given[0]).run();
                return "";
            case "enter": {
                DistributedDoubleBarrier round =
                    new DistributedDoubleBarrier(client, given[0], Integer.parseInt(given[1]));
                rounds.put(id, round);
                round.enter();
                return "";
            }
            case "leave":
                rounds.remove(given[0]).leave();
                return "";
            case "set-barrier":
                new DistributedBarrier(client, given[0]).setBarrier();
                return "";
            case "remove-barrier":
                new DistributedBarrier(client, given[0]).removeBarrier();
                return "";
            case "await-barrier":
                new DistributedBarrier(client, given[0]).waitOnBarrier();
                return "";
            case "add":
                return add(given[0], given[1], Integer.parseInt(given[2]));
            case "exchange":
                return exchange(given[0], given[1]);
            case "join": {
                GroupMember member = new GroupMember(client, given[0], given[1], given[2].getBytes("UTF-8"));
                member.start();
                joined.put(given[0], member);
                releases.put(id, member::close);
                return "";
            }
            case "members":
                return members(given[0]);
            case "offer":
                return offer(id, given);
            case "instances":
                return instances(given[0], given[1]);
            default:
                throw new IllegalArgumentException("no such verb: " + verb);
        }
    }

    // Under the lock, without a look at the version of the node.
    static String count(String path, String node, int times) throws Exception {
        InterProcessMutex mutex = new InterProcessMutex(client, path);
        for (int turn = 0; turn < times; ++turn) {
            mutex.acquire();
            int value = Integer.parseInt(new String(client.getData().forPath(node), "UTF-8"));
            client.setData().forPath(node, Integer.toString(value + 1).getBytes("UTF-8"));
            mutex.release();
        }
        return "";
    }

    static String lead(String id, String path) throws Exception {
        CountDownLatch leads = new CountDownLatch(1), ends = new CountDownLatch(1), over = new CountDownLatch(1);
        LeaderSelector selector = new LeaderSelector(client, path, new LeaderSelectorListenerAdapter() {
            public void takeLeadership(CuratorFramework by) throws Exception {
                leads.countDown();
                ends.await();
                over.countDown();
            }
        });
        selector.setId("theirs");
        selector.start();
        releases.put(id, () -> {
            ends.countDown();
            over.await();
        });
        leads.await();
        return "";
    }

    // The consumer of a queue works on one entry at a time: it has it until it is told that it is finished.
    static class Consumer implements QueueConsumer<String> {
        final BlockingQueue<String> taken = new SynchronousQueue<>();
        final BlockingQueue<String> finished = new SynchronousQueue<>();

        public void consumeMessage(String item) throws Exception {
            taken.put(item);
            finished.take();
        }

        public void stateChanged(CuratorFramework by, ConnectionState state) {
        }
    }

    // It stays, as closing a queue interrupts whatever it is just doing.
    static synchronized Consumer consumer(String[] given) throws Exception {
        Consumer there = consumers.get(given[0]);
        if (there == null) {
            there = new Consumer();
            builder(there, given).buildQueue().start();
            consumers.put(given[0], there);
        }
        return there;
    }

    static QueueBuilder<String> builder(QueueConsumer<String> consumer, String[] given) {
        return QueueBuilder.builder(client, consumer, AS_TEXT, given[0]).lockPath(given[1]);
    }

    static MultiItem<String> multiple(String[] items) {
        Iterator<String> next = Arrays.asList(items).iterator();
        return () -> next.hasNext() ? next.next() : null;
    }

    static String add(String format, String path, int difference) throws Exception {
        if (format.equals("64")) {
            DistributedAtomicLong counter = new DistributedAtomicLong(client, path, new RetryOneTime(1));
            while (true) {
                AtomicValue<Long> added = counter.add((long) difference);
                if (added.succeeded()) {
                    return added.postValue().toString();
                }
            }
        }
        try (SharedCount counter = new SharedCount(client, path, 0)) {
            counter.start();
            while (true) {
                VersionedValue<Integer> seen = counter.getVersionedValue();
                if (counter.trySetCount(seen, seen.getValue() + difference)) {
                    return Integer.toString(seen.getValue() + difference);
                }
            }
        }
    }

    static String exchange(String path, String next) throws Exception {
        try (SharedValue value = new SharedValue(client, path, "none".getBytes("UTF-8"))) {
            value.start();
            while (true) {
                VersionedValue<byte[]> seen = value.getVersionedValue();
                if (value.trySetValue(seen, next.getBytes("UTF-8"))) {
                    return new String(seen.getValue(), "UTF-8");
                }
            }
        }
    }

    // As the member sees them that has joined there.
    static String members(String path) throws Exception {
        TreeMap<String, byte[]> found = new TreeMap<>(joined.get(path).getCurrentMembers());
        return found.entrySet().stream()
            .map(each -> each.getKey() + "=" + new String(each.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining(" "));
    }

    static ServiceDiscovery<String> discovery(String path) throws Exception {
        ServiceDiscovery<String> discovery = ServiceDiscoveryBuilder.builder(String.class).client(client).basePath(path)
            .serializer(new JsonInstanceSerializer<>(String.class)).build();
        discovery.start();
        return discovery;
    }

    static String offer(String id, String[] given) throws Exception {
        ServiceDiscovery<String> discovery = discovery(given[0]);
        ServiceInstance<String> here = ServiceInstance.<String>builder().name(given[1]).id(given[2]).address(given[3])
            .port(Integer.parseInt(given[4])).payload(given[5]).build();
        discovery.registerService(here);
        releases.put(id, discovery::close);
        return "";
    }

    static String instances(String path, String name) throws Exception {
        try (ServiceDiscovery<String> discovery = discovery(path)) {
            return discovery.queryForInstances(name).stream()
                .map(each -> each.getId() + "=" + each.getAddress() + ":" + each.getPort())
                .sorted().collect(Collectors.joining(" "));
        }
    }

    public static void main(String[] arguments) throws Exception {
        client = CuratorFrameworkFactory.newClient(arguments[0], new RetryOneTime(100));
        client.start();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            String[] given = Arrays.copyOfRange(words, 2, words.length);
            Thread thread = new Thread(() -> perform(words[0], words[1], given));
            thread.setDaemon(true);
            thread.start();
        }
        client.close();
        System.exit(0);
    }
}
