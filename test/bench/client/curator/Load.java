// Curator's side of bench-client: Load get|set HOST:PORT OPERATIONS WINDOW SECONDS_OF_WARM_UP. Each answer starts the next
// request, through Curator's background operations. Prints what bench-client prints; CPU time is that of the whole process.

import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.BackgroundCallback;
import org.apache.curator.retry.RetryOneTime;

public class Load {
    static final String PATH = "/bench-client";
    static final byte[] DATA = "x".repeat(100).getBytes();

    static CuratorFramework client;
    static boolean isWriting;

    static class Pipeline implements BackgroundCallback {
        final long count;
        final AtomicLong started = new AtomicLong();
        final AtomicLong done = new AtomicLong();
        final CountDownLatch complete = new CountDownLatch(1);

        Pipeline(long count) {
            this.count = count;
        }

        void next() throws Exception {
            if (started.getAndIncrement() >= count) {
                return;
            }
            if (isWriting) {
                client.setData().inBackground(this).forPath(PATH, DATA);
            } else {
                client.getData().inBackground(this).forPath(PATH);
            }
        }

        public void processResult(CuratorFramework by, org.apache.curator.framework.api.CuratorEvent event)
            throws Exception {
            if (event.getResultCode() != 0) {
                System.err.println("an operation failed: " + event.getResultCode());
                System.exit(1);
            }
            if (done.incrementAndGet() == count) {
                complete.countDown();
            }
            next();
        }

        void run(int window) throws Exception {
            for (int index = 0; index < window; ++index) {
                next();
            }
            complete.await();
        }
    }

    static double cpuSeconds() {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime() / 1e9;
    }

    public static void main(String[] arguments) throws Exception {
        isWriting = arguments[0].equals("set");
        long count = Long.parseLong(arguments[2]);
        int window = Integer.parseInt(arguments[3]);
        client = CuratorFrameworkFactory.newClient(arguments[1], new RetryOneTime(100));
        client.start();
        client.create().orSetData().forPath(PATH, DATA);
        long warmUpEnd = System.nanoTime() + (long) (Double.parseDouble(arguments[4]) * 1e9);
        while (System.nanoTime() < warmUpEnd) {
            new Pipeline(count / 10 + 1).run(window);
        }
        double cpuBefore = cpuSeconds();
        long start = System.nanoTime();
        new Pipeline(count).run(window);
        double seconds = (System.nanoTime() - start) / 1e9;
        double cpu = cpuSeconds() - cpuBefore;
        System.out.printf("library=curator kind=%s window=%d operations_per_s=%.0f client_cpu_us_per_operation=%.2f%n",
            arguments[0], window, count / seconds, cpu / count * 1e6);
        System.exit(0);
    }
}
