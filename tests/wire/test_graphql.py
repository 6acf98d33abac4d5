"""/graphql of `quern server` and of a real `mlflow server`, asked the same about the same data.

Ids and times are made equal first. Where the answers differ on purpose, DEVIATIONS says how and why.
"""

import contextlib
import json
import re

import pytest
import requests

from wire.tracking_servers import Store, mlflow_server, quern_server

# As MLflow's page asks: one experiment, one run, the best run of a search, a chart.
EXPERIMENT = """query Experiment($input: MlflowGetExperimentInput!) @component(name: "page") {
  mlflowGetExperiment(input: $input) {
    apiError { code message }
    experiment { name experimentId artifactLocation lifecycleStage tags { key value } creationTime lastUpdateTime
                 effectiveTraceArchivalRetention __typename }
  }
}"""
RUN = """fragment Whole on MlflowRunExtension {
  info { runId runUuid runName status startTime endTime userId lifecycleStage artifactUri experimentId }
  experiment { name experimentId tags { key value } lifecycleStage }
  modelVersions { name version status source runId tags { key value } currentStage description runLink
                  deploymentJobState { jobId } modelParams { name } }
  data { metrics { __typename key value step timestamp runId modelId datasetName } params { key value } tags { key value } }
  inputs { datasetInputs { dataset { digest name profile schema source sourceType } tags { key value } }
           modelInputs { modelId } }
  outputs { modelOutputs { modelId step } }
}
"""
GET_RUN = RUN + "query Run($data: MlflowGetRunInput!) { mlflowGetRun(input: $data) { apiError { helpUrl } run { ...Whole __typename } } }"
SEARCH = RUN + "query Runs($data: MlflowSearchRunsInput!) { mlflowSearchRuns(input: $data) { runs { ...Whole } nextPageToken } }"
CHART = """query Chart($data: MlflowGetMetricHistoryBulkIntervalInput!) {
  mlflowGetMetricHistoryBulkInterval(input: $data) { __typename metrics { timestamp step runId key value } apiError { code } }
}"""
VERSIONS = """query Versions($data: MlflowSearchModelVersionsInput!) {
  mlflowSearchModelVersions(input: $data) { modelVersions { name version source } nextPageToken }
}"""
FILES = "query Files($data: MlflowListArtifactsInput!) { mlflowListArtifacts(input: $data) { rootUri files { path isDir fileSize } } }"
NAME = "query ($data: MlflowGetExperimentInput!) { mlflowGetExperiment(input: $data) { experiment { name } } }"
ONE = '{ mlflowGetExperiment(input: {experimentId: "{e1}"}) '
DATA = lambda **data: {"data": data}  # noqa: E731

# Name: query, variables, operation name.
CASES = {
    "experiment": (EXPERIMENT, {"input": {"experimentId": "{e1}"}}),
    "unknown experiment": (EXPERIMENT, {"input": {"experimentId": "77"}}),
    "run": (GET_RUN, DATA(runId="{r1}")),
    "run by old name": (GET_RUN, DATA(runUuid="{r1}")),
    "run of defaults": (GET_RUN, DATA(runId="{r2}")),
    "unknown run": (GET_RUN, DATA(runId="0" * 32)),
    "search": (SEARCH, DATA(experimentIds=["{e1}"], orderBy=["start_time ASC"])),
    "search by filter": (SEARCH, DATA(experimentIds=["{e1}"], filter="metrics.a > 0.1", maxResults=5)),
    "search nothing": (SEARCH, DATA(experimentIds=["{e1}"], filter="metrics.a > 99")),
    "search as mutation": (SEARCH.replace("query", "mutation"), DATA(experimentIds=["{e1}"], filter="metrics.a > 0.1")),
    "chart": (CHART, DATA(runIds=["{r1}"], metricKey="a", startStep=None, endStep=None, maxResults=320)),
    "chart from one run as a value": (CHART, DATA(runIds="{r1}", metricKey="a", maxResults=320)),
    "chart of infinity": (CHART, DATA(runIds=["{r1}"], metricKey="inf", maxResults=320.0)),
    "chart of nothing": (CHART, DATA(runIds=["{r2}"], metricKey="a", maxResults=320)),
    "datasets": ("mutation D($data: MlflowSearchDatasetsInput!) { mlflowSearchDatasets(input: $data) { datasetSummaries "
                 "{ name digest context experimentId } } }", DATA(experimentIds=["{e1}"])),
    "versions": (VERSIONS, DATA(filter="name='m'", maxResults=10)),
    "versions by text": (VERSIONS, DATA(filter="name='m'", maxResults="10")),
    "files": (FILES, DATA(runId="{r1}")),
    "several fields": ('{ b: mlflowGetExperiment(input: {experimentId: "{e1}"}) { ...F } mlflowGetRun(input: {runId: "{r1}"}) '
                       '{ run { info { n: runName, runName } } } '
                       'c: mlflowGetExperiment(input: {experimentId: "78"}) { ...F } } '
                       'fragment F on MlflowGetExperimentResponse { experiment { ... on MlflowExperiment { x: name } ... { name } } }', None),
    "default of a variable": ('query ($id: String = "{e1}") { mlflowGetExperiment(input: {experimentId: $id}) { experiment { name } } }', None),
    "null for it": ('query ($id: String = "7") { mlflowGetExperiment(input: {experimentId: $id}) { experiment { name } } }', {"id": "{e1}"}),
    "named operation": (f"query A {{ __typename }} query B {ONE}{{ experiment {{ name }} }} }}", None, "B"),
    "fields merged": (ONE + '{ experiment { name } } ' + ONE[2:] + "{ experiment { experimentId } __typename } }", None),
    "comment and block string": ('# all of it\n{ mlflowGetExperiment(input: {experimentId: """\n  {e1}\n  """}) { experiment { name } } }', None),
    "escapes": ('{ mlflowSearchModelVersions(input: {filter: "name = \'\\u006d\'"}) { modelVersions { name } } }', None),
    # Requests that are wrong.
    "variable missing": (NAME, {}),
    "no variables": (NAME, None),
    "variable null": (NAME, {"data": None}),
    "variable no object": (NAME, {"data": "x"}),
    "variable of unknown field": (NAME, DATA(experimentId="1", colour=1)),
    "variable number": (NAME, DATA(experimentId=1)),
    "variable flag": (NAME, DATA(experimentId=True)),
    "variable list": (NAME, DATA(experimentId=[1, "a", {"b": None}])),
    "steps no integer": (CHART, DATA(runIds=["{r1}"], metricKey="a", maxResults="3")),
    "steps too large": (CHART, DATA(runIds=["{r1}"], metricKey="a", startStep=3000000000)),
    "steps half": (CHART, DATA(runIds=["{r1}"], metricKey="a", maxResults=2.5)),
    "view unknown": (SEARCH, DATA(experimentIds=["{e1}"], runViewType="SOME")),
    "literal number": ("{ mlflowGetExperiment(input: {experimentId: 1}) { experiment { name } } }", None),
    "literal fraction": ("{ mlflowGetExperiment(input: {experimentId: 1.5}) { experiment { name } } }", None),
    "literal no object": ("{ mlflowGetExperiment(input: 5) { experiment { name } } }", None),
    "literal enum as text": ('{ mlflowSearchRuns(input: {runViewType: "ALL"}) { nextPageToken } }', None),
    "literal unknown enum": ("{ mlflowSearchRuns(input: {runViewType: SOME}) { nextPageToken } }", None),
    "literal unknown field": ('{ mlflowGetRun(input: {runId: "a", foo: 1}) { run { info { runId } } } }', None),
    "literal field twice": ('{ mlflowGetRun(input: {runId: "a", runId: "b"}) { run { info { runId } } } }', None),
    "unknown field": ("{ mlflowGetRn { x } }", None),
    "unknown fields": ('{ mlflowGetRun(input: {runId: "a"}) { run { infos } apiErr } }', None),
    "unknown argument": ('{ mlflowGetRun(inputt: {runId: "a"}) { run } }', None),
    "argument twice": ('{ mlflowGetRun(input: {runId: "a"}, input: {runId: "a"}) { run { info { runId } } } }', None),
    "no selection": ('{ mlflowGetRun(input: {runId: "a"}) }', None),
    "selection of a text": (ONE + "{ experiment { name { a } } } }", None),
    "selection of __typename": ("{ __typename { a } }", None),
    "undefined variable": ("{ mlflowGetRun(input: $x) { run { info { runId } } } }", None),
    "undefined variable by name": ("query Q { mlflowGetRun(input: {runId: $x}) { run { info { runId } } } }", None),
    "unused variable": ("query ($x: String) { __typename }", None),
    "unused variable by name": ("query Q($x: String) { __typename }", None),
    "variable twice": ("query ($data: MlflowGetExperimentInput!, $data: MlflowGetExperimentInput!) " + NAME[41:], DATA(experimentId="0")),
    "variable of unknown type": ("query ($x: Foo) { mlflowGetRun(input: $x) { run { info { runId } } } }", None),
    "variable of output type": ("query ($x: MlflowRunInfo) { mlflowGetRun(input: $x) { run { info { runId } } } }", None),
    "variable of wrong type": ("query ($x: Int) { mlflowGetRun(input: {runId: $x}) { run { info { runId } } } }", None),
    "variable in a fragment": ("query ($x: Int) { ...F } fragment F on Query { mlflowGetRun(input: {runId: $x}) { run { info { runId } } } }", None),
    "unknown fragment": ("{ ...F }", None),
    "unused fragment": ("{ __typename } fragment G on Query { __typename }", None),
    "only a fragment": ("fragment F on Query { __typename }", None),
    "fragment twice": ("{ ...F } fragment F on Query { __typename } fragment F on Query { __typename }", None),
    "fragment within itself": ("{ ...F } fragment F on Query { ...F }", None),
    "fragment without end": ("{ ...F } fragment F on Query { mlflowGetRun { ...F } }", None),
    "fragment on a text": ("{ ...F } fragment F on String { a }", None),
    "fragment on unknown type": ("{ __typename ... on Foo { x } }", None),
    "fragment of another type": ("{ ...F } fragment F on MlflowRunInfo { runId }", None),
    "inline of another type": ("{ ... on MlflowRunInfo { runId } }", None),
    "unknown directive": ("{ __typename @foo }", None),
    "directive elsewhere": ('{ __typename @component(name: "x") }', None),
    "directive without argument": ("query @component { __typename }", None),
    "directive with another": ('query @component(name: "x", colour: 1) { __typename }', None),
    "directive twice": ('query @component(name: "x") @component(name: "x") { __typename }', None),
    "two fields of one name": ("{ a: __typename a: mlflowGetRun { run { info { runId } } } }", None),
    "two arguments of one name": ('{ a: mlflowGetRun(input: {runId: "a"}) { run { info { runId } } } a: mlflowGetRun(input: {runId: "b"}) '
                                  "{ run { info { runId } } } }", None),
    "subscription": ("subscription { a }", None),
    "two of one name": ("query A { __typename } query A { __typename }", None),
    "two anonymous": ("{ __typename } { __typename }", None),
    "which operation": ("query A { __typename } query B { __typename }", None),
    "no such operation": ("query A { __typename }", None, "C"),
    # Limits.
    "root fields": ("{ " + "__typename " * 11 + "}", None),
    "aliases": (ONE + "{ experiment { " + " ".join(f"a{i}: name" for i in range(11)) + " } } }", None),
    "aliases in fragments": (ONE + "{ experiment { " + " ".join(f"...F{i}" for i in range(11)) + " } } } "
                             + " ".join(f"fragment F{i} on MlflowExperiment {{ a{i}: name }}" for i in range(11)), None),
    "selections": (ONE + "{ experiment { " + "name " * 1001 + "} } }", None),
    "depth": ("{ " + "a { " * 10 + "b" + " }" * 11, None),
    "deepest": ("{ " + "a { " * 9 + "b" + " }" * 10, None),
}

# Answers that differ on purpose: what ours is, as a part of its text, and why.
DEVIATIONS = {
    "chart of steps": (CHART, DATA(runIds=["{r1}"], metricKey="a", startStep=2, endStep=2, maxResults=320),
                       '[{"timestamp":"7","step":"2",', "MLflow does not keep to the steps that are asked for"),
    "too many points": (CHART, DATA(runIds=["{r1}"], metricKey="a", maxResults=2501), "max_results must be between 1 and 2500.",
                        "the limit of the REST call, which MLflow does not check here"),
    "two fields deeper": (ONE + "{ experiment { a: name } experiment { a: experimentId } } }", None,
                          "Fields 'a' conflict because 'name' and 'experimentId' are different fields.", "names the field itself"),
    "view": (SEARCH, DATA(experimentIds=["{e1}"], runViewType="DELETED_ONLY"), '"errors":null',
             "MLflow fails on every view that is given"),
    "chart of NaN": (CHART, DATA(runIds=["{r1}"], metricKey="nan", maxResults=320), '"errors":null',
                     "a point without a value; MLflow makes errors of them, for which its page shows no chart at all"),
    "aliases of a run's versions": ('{ mlflowGetRun(input: {runId: "{r1}"}) { run { modelVersions { aliases } } } }', None, '"aliases":["best"]',
                                    "MLflow leaves them out"),
    "job of a version": ('{ mlflowSearchModelVersions(input: {}) { modelVersions { deploymentJobState { jobState } } } }', None,
                         '"errors":null', "MLflow fails on what it never set"),
    "no input": ("{ mlflowGetRun { run { info { runId } } } }", None, "Field 'mlflowGetRun' needs the argument 'input'.",
                 "MLflow shows an error of Python"),
    "null input": ("{ mlflowGetRun(input: null) { run { info { runId } } } }", None, "needs the argument 'input'",
                   "MLflow shows an error of Python"),
    "no experiment": (NAME, DATA(), "Missing value for required parameter 'experiment_id'.", "MLflow answers with the default experiment"),
    "no metric": (CHART, DATA(runIds=["{r1}"]), "Missing value for required parameter 'metric_key'.", "MLflow answers with no points"),
    "null run": (CHART, DATA(runIds=["{r1}", None], metricKey="a"), "for parameter 'run_ids'", "MLflow shows an error of protobuf"),
    "skip": ("{ __typename @skip(if: true) a: __typename @include(if: true) b: __typename @include(if: false) }", None,
             '{"data":{"a":"Query"},"errors":null}', "MLflow knows neither @skip nor @include, which GraphQL demands"),
    "skip by variable": ("query ($x: Boolean!) { __typename @include(if: $x) }", {"x": False}, '{"data":{},"errors":null}', "as above"),
    "introspection": ("{ __schema { queryType { name } } }", None, "Cannot query field '__schema' on type 'Query'.",
                      "MLflow's page does not ask, and its limits leave no room for what tools ask"),
    "literal long": ('{ mlflowSearchModelVersions(input: {maxResults: x}) { nextPageToken } }', None,
                     "LongString cannot represent non 64-bit integer value: x", "MLflow takes it for null"),
    "broken": ("{", None, "Syntax Error: Expected Name, found <EOF> (line 1, column 2).", "MLflow fails with 500"),
    "broken further on": ("query Q(\n  $x: Int\n  { a }", None, "Syntax Error: Expected '$', found '{' (line 3, column 3).", "as above"),
    "no number": ('{ a(b: 01) }', None, "Syntax Error: Invalid number, unexpected digit after 0 (line 1, column 9).", "as above"),
    "no string": ('{ a(b: "x', None, "Syntax Error: Unterminated string (line 1, column 10).", "as above"),
    "bad escape": ('{ a(b: "\\q") }', None, "Syntax Error: Invalid character escape sequence (line 1, column 9).", "as above"),
    "schema in a request": ("type A { b: Int }", None, "Syntax Error: Unexpected Name 'type' (line 1, column 1).", "as above"),
    "half a surrogate": ('{ a(b: "\\ud800") }', None, "Syntax Error: Invalid Unicode escape sequence", "as above"),
    "very deep": ("{ " + "a { " * 3000 + "b" + " }" * 3001, None, "Nested deeper than 64 levels", "MLflow fails with 500"),
    "deep value": ("{ a(b: " + "[" * 3000 + "]" * 3000 + ") }", None, "Nested deeper than 64 levels", "MLflow fails with 500"),
    "long text": ("{ __typename }" + " " * 100_000, None, "Query has 100014 bytes, more than 100000.", "MLflow has no such limit"),
}


class Asked:
    """A server with the data of the tests in it."""

    def __init__(self, server):
        self.url = server.url
        api = server.url + "/api/2.0/mlflow"

        def post(path, **body):
            answer = requests.post(api + path, json=body, timeout=60)
            assert answer.status_code == 200, (path, answer.text)
            return answer.json()

        experiment = post("/experiments/create", name="e1", tags=[{"key": "t", "value": "ü\n\"x\""}])["experiment_id"]
        runs = [post("/runs/create", experiment_id=experiment, start_time=time, run_name=name, user_id=user)["run"]["info"]["run_id"]
                for time, name, user in ((1000, "first", "u"), (2000, "second", ""))]
        for key, values in (("a", [0.5, 0.25, 1e-9]), ("nan", ["NaN"]), ("inf", ["Infinity", "-Infinity"]), ("whole", [3, 2**40])):
            for step, value in enumerate(values):
                post("/runs/log-metric", run_id=runs[0], key=key, value=value, timestamp=5 + step, step=step)
        post("/runs/log-parameter", run_id=runs[0], key="p", value="v")
        post("/runs/log-inputs", run_id=runs[0], datasets=[{"tags": [{"key": "mlflow.data.context", "value": "training"}], "dataset": {
            "name": "d", "digest": "abc", "source_type": "local", "source": "s"}}])
        post("/runs/update", run_id=runs[0], status="FINISHED", end_time=9000)
        post("/registered-models/create", name="m")
        post("/model-versions/create", name="m", source="s3://b/x", run_id=runs[0], tags=[{"key": "k", "value": "v"}])
        requests.post(api + "/registered-models/alias", json={"name": "m", "alias": "best", "version": "1"}, timeout=60)
        sent = requests.put(f"{server.url}/api/2.0/mlflow-artifacts/artifacts/{experiment}/{runs[0]}/artifacts/sub/a.txt", data=b"hello", timeout=60)
        assert sent.status_code in (200, 204)
        self.known = {"e1": experiment, "r1": runs[0], "r2": runs[1]}

    def fill(self, value):
        text = json.dumps(value)
        for name, known in self.known.items():
            text = text.replace("{" + name + "}", known)
        return json.loads(text)

    def post(self, query, variables=None, operation=None, path="/graphql"):
        body = {"query": query, "variables": variables, "operationName": operation}
        return requests.post(self.url + path, json=self.fill({key: item for key, item in body.items() if item is not None}), timeout=60)

    def normal(self, value):
        """Without ids and times; errors in any order and without suggestions."""
        text = json.dumps(value)
        for name, known in self.known.items():
            if len(known) > 8:
                text = text.replace(known, "{" + name + "}")
        text = re.sub(r'("(?:creationTime|lastUpdateTime)": )"[0-9]+"', r'\1"TIME"', text)
        value = json.loads(text)
        value["errors"] = sorted(re.sub(r" Did you mean .*", "", error) for error in value["errors"] or [])
        return sort_pairs(value)


def sort_pairs(value):
    if isinstance(value, dict):
        return {key: sort_pairs(item) for key, item in value.items()}
    if isinstance(value, list):
        done = [sort_pairs(item) for item in value]
        return sorted(done, key=lambda item: item["key"] + str(item.get("step"))) if done and all(
            isinstance(item, dict) and "key" in item for item in done) else done
    return value


@pytest.fixture(scope="module")
def servers(quern, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graphql")
    with contextlib.ExitStack() as running:
        pair = []
        for begin in (lambda: quern_server(quern, Store(folder / "quern")), lambda: mlflow_server(folder)):
            pair.append(begin())
            running.callback(pair[-1].kill)
        yield tuple(Asked(server) for server in pair)


def test_answers_are_those_of_mlflow(servers):
    wrong = []
    for name, case in CASES.items():
        ours, theirs = (server.post(*case) for server in servers)
        assert (ours.status_code, theirs.status_code) == (200, 200), (name, ours.text[:500], theirs.text[:500])
        told = [server.normal(answer.json()) for server, answer in zip(servers, (ours, theirs))]
        if told[0] != told[1]:
            wrong.append(f"{name}\n  mlflow: {json.dumps(told[1])}\n  quern:  {json.dumps(told[0])}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", DEVIATIONS)
def test_deviations_are_those_that_are_listed(servers, name):
    query, variables, part, why = DEVIATIONS[name]
    ours, theirs = (server.post(query, variables) for server in servers)
    assert ours.status_code == 200 and part in ours.text, (ours.text[:500], why)
    assert theirs.status_code != 200 or name == "long text" or servers[0].normal(ours.json()) != servers[1].normal(theirs.json())


def test_other_ways_to_ask(servers):
    ours = servers[0]
    for path in ("/graphql", "/api/2.0/graphql", "/ajax-api/2.0/graphql"):
        assert ours.post("{ __typename }", path=path).json() == {"data": {"__typename": "Query"}, "errors": None}
        got = requests.get(ours.url + path, params={"query": NAME, "variables": '{"data": {"experimentId": "0"}}'}, timeout=60)
        assert got.json()["data"] == {"mlflowGetExperiment": {"experiment": {"name": "Default"}}}
    for body, status in (('{"query": 5}', 400), ("{}", 400), ('[{"query": "{ __typename }"}]', 400), ("{bad", 400), ("", 400),
                         ('{"query": "{ __typename }", "variables": "x"}', 400), ('{"query": "{ __typename }", "variables": [1]}', 400),
                         ('{"query": "{ __typename }", "operationName": 5}', 400), ('{"query": "{ __typename }", "variables": null}', 200)):
        answer = requests.post(ours.url + "/graphql", data=body, headers={"Content-Type": "application/json"}, timeout=60)
        assert answer.status_code == status, (body, answer.text)
        assert status == 200 or answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    wrong = requests.post(ours.url + "/graphql", data="{ __typename }", headers={"Content-Type": "application/graphql"}, timeout=60)
    assert wrong.status_code == 400 and "Content-Type" in wrong.json()["message"]
    assert requests.put(ours.url + "/graphql", json={}, timeout=60).status_code == 405


def test_limits_are_settings(quern, tmp_path):
    settings = {"MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS": "12", "MLFLOW_SERVER_GRAPHQL_MAX_ALIASES": "2"}
    store = Store(tmp_path / "store")
    server = quern_server(quern, store, settings=settings)
    try:
        def errors(query):
            return requests.post(server.url + "/graphql", json={"query": query}, timeout=60).json()["errors"]

        assert errors("{ " + "__typename " * 12 + "}") is None
        assert "at most 12 root fields, got 13" in errors("{ " + "__typename " * 13 + "}")[0]
        assert "at most 2 aliases, got 3" in errors("{ a: __typename b: __typename c: __typename }")[0]
    finally:
        server.kill()
    with pytest.raises(AssertionError, match="MLFLOW_SERVER_GRAPHQL_MAX_ALIASES is 'few'"):
        quern_server(quern, store, settings={**settings, "MLFLOW_SERVER_GRAPHQL_MAX_ALIASES": "few"})
