// Curator's recipes against a server: Recipes HOST:PORT. Prints one line per check and exits 1 when one fails.

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.CreateMode;

public class Recipes {
    static final int WAIT_S = 20;
    static String server;
    static boolean failed = false;

    static CuratorFramework connect() throws Exception {
        CuratorFramework client = CuratorFrameworkFactory.newClient(server, 10000, 10000, new RetryOneTime(100));
        client.start();
        client.blockUntilConnected(WAIT_S, TimeUnit.SECONDS);
        return client;
    }

    static void check(String name, Callable<Boolean> body) {
        boolean good;
        try {
            good = body.call();
        } catch (Exception error) {
            error.printStackTrace(System.out);
            good = false;
        }
        System.out.println((good ? "ok   " : "FAIL ") + name);
        failed = failed || !good;
    }

    // Four clients take one lock five times each; nobody is ever inside together with another.
    static boolean mutexIsHeldByOne() throws Exception {
        AtomicInteger inside = new AtomicInteger(), overlaps = new AtomicInteger(), turns = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < 4; ++i) {
            running.add(threads.submit(() -> {
                try (CuratorFramework client = connect()) {
                    InterProcessMutex mutex = new InterProcessMutex(client, "/curator/mutex");
                    for (int turn = 0; turn < 5; ++turn) {
                        if (!mutex.acquire(WAIT_S, TimeUnit.SECONDS)) {
                            throw new IllegalStateException("no lock");
                        }
                        if (inside.incrementAndGet() != 1) {
                            overlaps.incrementAndGet();
                        }
                        turns.incrementAndGet();
                        inside.decrementAndGet();
                        mutex.release();
                    }
                }
                return null;
            }));
        }
        for (Future<?> one : running) {
            one.get(2 * WAIT_S, TimeUnit.SECONDS);
        }
        threads.shutdown();
        return overlaps.get() == 0 && turns.get() == 20;
    }

    // The second latch leads once the first is closed, and not before.
    static boolean leadershipIsHandedOver() throws Exception {
        try (CuratorFramework first = connect(); CuratorFramework second = connect()) {
            LeaderLatch leader = new LeaderLatch(first, "/curator/latch", "first");
            leader.start();
            boolean firstLeads = leader.await(WAIT_S, TimeUnit.SECONDS);
            LeaderLatch follower = new LeaderLatch(second, "/curator/latch", "second");
            follower.start();
            boolean secondWaits = !follower.hasLeadership() && follower.getLeader().getId().equals("first");
            leader.close();
            boolean secondLeads = follower.await(WAIT_S, TimeUnit.SECONDS);
            follower.close();
            return firstLeads && secondWaits && secondLeads;
        }
    }

    // A cache (persistent recursive watch) reports what another client does, in order.
    static boolean cacheFollowsTheTree() throws Exception {
        try (CuratorFramework client = connect(); CuratorFramework other = connect()) {
            BlockingQueue<String> events = new LinkedBlockingQueue<>();
            other.create().creatingParentsIfNeeded().forPath("/curator/cache/old", "1".getBytes());
            CuratorCache cache = CuratorCache.build(client, "/curator/cache");
            cache.listenable().addListener((type, before, after) ->
                events.add(type + " " + (after == null ? before : after).getPath()));
            cache.start();
            List<String> seen = new ArrayList<>();
            seen.add(events.poll(WAIT_S, TimeUnit.SECONDS));
            seen.add(events.poll(WAIT_S, TimeUnit.SECONDS));
            Collections.sort(seen);
            other.create().forPath("/curator/cache/new");
            seen.add(events.poll(WAIT_S, TimeUnit.SECONDS));
            other.setData().forPath("/curator/cache/new", "2".getBytes());
            seen.add(events.poll(WAIT_S, TimeUnit.SECONDS));
            other.delete().forPath("/curator/cache/new");
            seen.add(events.poll(WAIT_S, TimeUnit.SECONDS));
            cache.close();
            return seen.equals(List.of("NODE_CREATED /curator/cache", "NODE_CREATED /curator/cache/old",
                "NODE_CREATED /curator/cache/new", "NODE_CHANGED /curator/cache/new", "NODE_DELETED /curator/cache/new"));
        }
    }

    static boolean transactionIsDoneAsAWhole() throws Exception {
        try (CuratorFramework client = connect()) {
            client.create().creatingParentContainersIfNeeded().forPath("/curator/t", "x".getBytes());
            client.transaction().forOperations(client.transactionOp().check().withVersion(0).forPath("/curator/t"),
                client.transactionOp().setData().forPath("/curator/t", "y".getBytes()),
                client.transactionOp().create().forPath("/curator/t/child"));
            return new String(client.getData().forPath("/curator/t")).equals("y")
                && client.getChildren().forPath("/curator/t").equals(List.of("child"));
        }
    }

    static boolean countersCount() throws Exception {
        try (CuratorFramework client = connect()) {
            DistributedAtomicLong counter = new DistributedAtomicLong(client, "/curator/counter", new RetryOneTime(1));
            for (int i = 0; i < 10; ++i) {
                counter.increment();
            }
            return counter.get().postValue() == 10;
        }
    }

    static boolean persistentNodeComesBack() throws Exception {
        try (CuratorFramework client = connect(); CuratorFramework other = connect()) {
            PersistentNode node = new PersistentNode(client, CreateMode.EPHEMERAL, false, "/curator/node", "n".getBytes());
            node.start();
            boolean isThere = node.waitForInitialCreate(WAIT_S, TimeUnit.SECONDS);
            long before = other.checkExists().forPath("/curator/node").getCzxid();
            other.delete().forPath("/curator/node");
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
            while (other.checkExists().forPath("/curator/node") == null && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            long after = other.checkExists().forPath("/curator/node").getCzxid();
            node.close();
            return isThere && after > before;
        }
    }

    static boolean protectedAndContainerNodesAreMade() throws Exception {
        try (CuratorFramework client = connect()) {
            String path = client.create().creatingParentContainersIfNeeded().withProtection()
                .withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath("/curator/containers/a/p-");
            client.delete().deletingChildrenIfNeeded().forPath("/curator/containers");
            return path.matches("/curator/containers/a/_c_[0-9a-f-]{36}-p-0000000000");
        }
    }

    public static void main(String[] arguments) throws Exception {
        server = arguments[0];
        check("a mutex is held by one", Recipes::mutexIsHeldByOne);
        check("leadership is handed over", Recipes::leadershipIsHandedOver);
        check("a cache follows the tree", Recipes::cacheFollowsTheTree);
        check("a transaction is done as a whole", Recipes::transactionIsDoneAsAWhole);
        check("counters count", Recipes::countersCount);
        check("a persistent node comes back", Recipes::persistentNodeComesBack);
        check("protected and container nodes are made", Recipes::protectedAndContainerNodesAreMade);
        System.exit(failed ? 1 : 0);
    }
}
