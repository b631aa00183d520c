import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.codelibs.opensearch.runner.OpenSearchRunner;

/** An OpenSearch of one node on loopback. Prints "port N" when it is ready; ends with its input. */
public final class OpenSearchServer {
  public static void main(String[] arguments) throws Exception {
    final PrintStream out = System.out;  // which it takes for its log
    final int port = freePort();
    final OpenSearchRunner runner = new OpenSearchRunner();
    runner
        .onBuild(
            (number, settings) -> {
              settings.put("http.port", Integer.toString(port));
              settings.put("network.host", "127.0.0.1");
              settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
            })
        .build(
            OpenSearchRunner.newConfigs()
                .basePath(arguments[0])
                .clusterName("rare-oracle")
                .numOfNode(1)
                .useLogger()
                .printOnFailure());
    runner.ensureYellow();
    out.println("port " + port);
    out.flush();
    while (System.in.read() >= 0) {
      // Nothing is said; it only ends.
    }
    runner.close();
    System.exit(0);
  }

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
