// MLflow's client for Java, unchanged, against a tracking server: the calls of its documentation. Prints
// "OK" at the end; what is not as it should be ends the program with a message.
//
//   java -cp mlflow-client.jar:slf4j-api.jar Workflow.java http://127.0.0.1:5000 FOLDER

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.mlflow.api.proto.ModelRegistry.ModelVersion;
import org.mlflow.api.proto.Service.CreateRun;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.FileInfo;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Param;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.api.proto.Service.ViewType;
import org.mlflow.tracking.ActiveRun;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowContext;
import org.mlflow.tracking.MlflowHttpException;
import org.mlflow.tracking.RunsPage;

public class Workflow {
  public static void main(String[] words) throws Exception {
    MlflowClient client = new MlflowClient(words[0]);
    Path folder = Path.of(words[1]);
    String experiment = experiments(client);
    String run = logging(client, experiment);
    searches(client, experiment);
    artifacts(client, run, folder);
    registry(client, run, folder);
    fluent(client);
    errors(client, run);
    System.out.println("OK");
  }

  static String experiments(MlflowClient client) {
    String id = client.createExperiment("from Java");
    client.setExperimentTag(id, "team", "blue");
    Experiment made = client.getExperiment(id);
    same("from Java", made.getName());
    same("blue", made.getTags(0).getValue());
    same(id, client.getExperimentByName("from Java").get().getExperimentId());
    same(Optional.empty(), client.getExperimentByName("nobody's"));
    client.renameExperiment(id, "renamed");
    client.deleteExperiment(id);
    same("deleted", client.getExperiment(id).getLifecycleStage());
    client.restoreExperiment(id);
    same(1, client.searchExperiments("name = 'renamed'").getItems().size());
    return id;
  }

  static String logging(MlflowClient client, String experiment) {
    RunInfo info = client.createRun(CreateRun.newBuilder()
        .setExperimentId(experiment).setStartTime(1000).setUserId("ada").setRunName("first").build());
    String id = info.getRunId();
    same("RUNNING", info.getStatus().name());
    client.logParam(id, "depth", "3");
    for (int step = 0; step < 5; ++step) {
      client.logMetric(id, "loss", 1.0 / (step + 1), 1000 + step, step);
    }
    client.logMetric(id, "none", Double.NaN);
    client.logMetric(id, "much", Double.POSITIVE_INFINITY);
    client.setTag(id, "stage", "draft");
    client.setTag(id, "gone", "x");
    client.deleteTag(id, "gone");
    List<Metric> metrics = new ArrayList<>();
    for (int i = 0; i < 500; ++i) {
      metrics.add(Metric.newBuilder().setKey("batch").setValue(i).setTimestamp(i).setStep(i).build());
    }
    client.logBatch(id, metrics,
        List.of(Param.newBuilder().setKey("rate").setValue("0.1").build()),
        List.of(RunTag.newBuilder().setKey("of").setValue("the batch").build()));
    client.setTerminated(id, RunStatus.FINISHED, 9000);
    Run run = client.getRun(id);
    same(9000L, run.getInfo().getEndTime());
    same("first", run.getInfo().getRunName());
    same("ada", run.getInfo().getUserId());
    same(2, run.getData().getParamsCount());
    for (Metric metric : run.getData().getMetricsList()) {
      switch (metric.getKey()) {
        case "loss": same(0.2, metric.getValue()); break;
        case "batch": same(499.0, metric.getValue()); break;
        case "none": same(true, Double.isNaN(metric.getValue())); break;
        default: same(true, metric.getValue() > 1e308);
      }
    }
    same(true, run.getData().getTagsList().stream().anyMatch(tag -> tag.getValue().equals("the batch")));
    same(false, run.getData().getTagsList().stream().anyMatch(tag -> tag.getKey().equals("gone")));
    List<Metric> history = client.getMetricHistory(id, "loss");
    same(5, history.size());
    same(0.25, history.get(3).getValue());
    same(500, client.getMetricHistory(id, "batch").size());
    return id;
  }

  static void searches(MlflowClient client, String experiment) {
    for (int i = 0; i < 7; ++i) {
      String id = client.createRun(experiment).getRunId();
      client.logMetric(id, "score", i);
    }
    List<String> where = List.of(experiment);
    same(3, client.searchRuns(where, "metrics.score > 3").size());
    List<Double> seen = new ArrayList<>();
    RunsPage page = client.searchRuns(where, "metrics.score >= 0", ViewType.ACTIVE_ONLY, 3, List.of("metrics.score DESC"));
    while (true) {
      page.getItems().forEach(run -> seen.add(run.getData().getMetrics(0).getValue()));
      if (!page.hasNextPage()) break;
      page = (RunsPage) page.getNextPage();
    }
    same(List.of(6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0), seen);
    String id = client.searchRuns(where, "metrics.score = 6").get(0).getRunId();
    client.deleteRun(id);
    same(0, client.searchRuns(where, "metrics.score = 6").size());
    same(1, client.searchRuns(where, "metrics.score = 6", ViewType.DELETED_ONLY).size());
    client.restoreRun(id);
    same(1, client.searchRuns(where, "metrics.score = 6").size());
  }

  /** Through the `mlflow` program on PATH, as this client does it. */
  static void artifacts(MlflowClient client, String run, Path folder) throws Exception {
    Path sent = Files.createDirectories(folder.resolve("sent/sub"));
    Files.writeString(sent.resolve("note.txt"), "hello");
    client.logArtifact(run, sent.resolve("note.txt").toFile());
    client.logArtifacts(run, folder.resolve("sent").toFile(), "all");
    List<String> names = new ArrayList<>();
    for (FileInfo file : client.listArtifacts(run)) names.add(file.getPath());
    Collections.sort(names);
    same(List.of("all", "note.txt"), names);
    FileInfo below = client.listArtifacts(run, "all/sub").get(0);
    same("all/sub/note.txt", below.getPath());
    same(5L, below.getFileSize());
    same("hello", Files.readString(client.downloadArtifacts(run, "all").toPath().resolve("sub/note.txt")));
  }

  /** What has no method of its own goes by the client's own raw calls, as its documentation says. */
  static void registry(MlflowClient client, String run, Path folder) throws Exception {
    client.sendPost("registered-models/create", "{\"name\": \"java-model\"}");
    String source = client.getRun(run).getInfo().getArtifactUri() + "/all";
    for (int i = 0; i < 2; ++i) {
      client.sendPost("model-versions/create",
          "{\"name\": \"java-model\", \"source\": \"" + source + "\", \"run_id\": \"" + run + "\"}");
    }
    client.sendPost("model-versions/transition-stage",
        "{\"name\": \"java-model\", \"version\": \"1\", \"stage\": \"Production\", \"archive_existing_versions\": false}");
    client.sendPatch("model-versions/update", "{\"name\": \"java-model\", \"version\": \"2\", \"description\": \"new\"}");
    same("java-model", client.getRegisteredModel("java-model").getName());
    ModelVersion second = client.getModelVersion("java-model", "2");
    same("new", second.getDescription());
    same(run, second.getRunId());
    List<String> stages = new ArrayList<>();
    for (ModelVersion version : client.getLatestVersions("java-model")) stages.add(version.getCurrentStage() + version.getVersion());
    Collections.sort(stages);
    same(List.of("None2", "Production1"), stages);
    same("1", client.getLatestVersions("java-model", List.of("Production")).get(0).getVersion());
    same(source, client.getModelVersionDownloadUri("java-model", "1"));
    same(2, client.searchModelVersions("name = 'java-model'").getItems().size());
    same("hello", Files.readString(client.downloadModelVersion("java-model", "1").toPath().resolve("sub/note.txt")));
    String found = client.sendGet("registered-models/get?name=java-model");
    same(true, found.contains("\"java-model\""));
  }

  static void fluent(MlflowClient client) {
    MlflowContext context = new MlflowContext(client);
    context.setExperimentName("renamed");
    ActiveRun parent = context.startRun("parent");
    ActiveRun child = context.startRun("child", parent.getId());
    child.logParams(Map.of("a", "1", "b", "2"));
    child.logMetrics(Map.of("x", 1.5));
    child.setTags(Map.of("k", "v"));
    child.endRun();
    parent.endRun(RunStatus.FAILED);
    same("FAILED", client.getRun(parent.getId()).getInfo().getStatus().name());
    List<RunInfo> children = client.searchRuns(List.of(context.getExperimentId()), "tags.mlflow.parentRunId = '" + parent.getId() + "'");
    same(child.getId(), children.get(0).getRunId());
  }

  static void errors(MlflowClient client, String run) {
    refused(404, "RESOURCE_DOES_NOT_EXIST", () -> client.getRun("0".repeat(32)));
    refused(400, "Changing param values is not allowed", () -> { client.logParam(run, "depth", "4"); return null; });
    refused(400, "RESOURCE_ALREADY_EXISTS", () -> client.createExperiment("renamed"));
    refused(404, "No Experiment with id=77", () -> client.getExperiment("77"));
  }

  static void refused(int status, String part, Supplier<Object> call) {
    try {
      call.get();
    } catch (MlflowHttpException error) {
      same(status, error.getStatusCode());
      same(true, error.getBodyMessage().contains(part));
      return;
    }
    throw new AssertionError("not refused: " + part);
  }

  static void same(Object wanted, Object got) {
    if (!wanted.equals(got)) throw new AssertionError("wanted " + wanted + ", got " + got);
  }
}
