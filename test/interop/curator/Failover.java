import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;

/**
 * As c/failover.c, with Curator: for each line a change of a node of its session, then "ok", the session and how often it
 * was connected.
 */
public final class Failover {
    private Failover() {}

    public static void main(String[] arguments) throws Exception {
        CuratorFramework client =
                CuratorFrameworkFactory.newClient(arguments[0], 40000, 15000, new RetryNTimes(3000, 20));
        AtomicInteger connects = new AtomicInteger();
        client.getConnectionStateListenable().addListener((framework, state) -> {
            if (state == ConnectionState.LOST) {
                System.err.println("the session is lost");
                Runtime.getRuntime().halt(3);
            }
            if (state.isConnected()) {
                connects.incrementAndGet();
            }
        });
        client.start();
        client.blockUntilConnected();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            change(client, arguments[1], line.getBytes());
            long session = client.getZookeeperClient().getZooKeeper().getSessionId();
            System.out.println("ok 0x" + Long.toHexString(session) + " " + connects.get());
        }
        client.close();
    }

    private static void change(CuratorFramework client, String path, byte[] data) throws Exception {
        try {
            client.create().withMode(CreateMode.EPHEMERAL).forPath(path, data);
        } catch (KeeperException.NodeExistsException exists) {
            client.setData().forPath(path, data);
        }
    }
}
