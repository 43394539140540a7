// Counts in a node under Curator's InterProcessMutex, without a look at its version: Turns HOST:PORT PATH NODE TIMES

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.RetryOneTime;

public class Turns {
    public static void main(String[] arguments) throws Exception {
        String node = arguments[2];
        int times = Integer.parseInt(arguments[3]);
        try (CuratorFramework client = CuratorFrameworkFactory.newClient(arguments[0], new RetryOneTime(100))) {
            client.start();
            InterProcessMutex mutex = new InterProcessMutex(client, arguments[1]);
            for (int turn = 0; turn < times; ++turn) {
                mutex.acquire();
                int value = Integer.parseInt(new String(client.getData().forPath(node), "UTF-8"));
                client.setData().forPath(node, Integer.toString(value + 1).getBytes("UTF-8"));
                mutex.release();
            }
        }
    }
}
