#include "server/native/package_view.h"

#include "base/json_read.h"
#include "registry/dossier.h"

namespace quern::server::native {
namespace {

/// The first row of {"inputs": {"age": [[63.0], …]}}.
json::value FirstRow(const json::value& example) {
  const json::value& inputs = At(example, "/inputs");
  if (!inputs.is_object()) return nullptr;
  json::object row;
  for (const auto& [name, values] : inputs.as_object()) {
    row[name] = At(values, "/0/0");
  }
  return row;
}

/// Text within single quotes of a shell.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

json::object Snippet(std::string_view title, std::string_view language, std::string code) {
  return json::object{{"title", title}, {"language", language}, {"code", std::move(code)}};
}

/// JSON as a text of Python: what stands in it cannot end it.
std::string PythonText(const std::string& text) {
  const bool plain = text.find_first_of("'\\") == std::string::npos;
  return plain ? "'" + text + "'" : WriteJson(json::value(text));
}

std::string Python(const std::string& body) {
  return "import json, urllib.request\n\nbody = json.loads(" + PythonText(body) +
         ")\n"
         "request = urllib.request.Request(\"http://127.0.0.1:8080/invocations\", "
         "json.dumps(body).encode(),\n"
         "                                 {\"Content-Type\": \"application/json\"})\n"
         "print(json.load(urllib.request.urlopen(request)))";
}

std::string LoadWithMlflow(const registry::ModelVersion& version, const PackageView& view,
                           const CallPlace& place) {
  const auto text = [](const std::string& t) { return WriteJson(json::value(t)); };
  std::string code = "import mlflow\n";
  if (view.example.is_object()) code += "import numpy\n";
  code += "\nmlflow.set_tracking_uri(" + text(place.server) +
          ")\nmodel = mlflow.pyfunc.load_model(" +
          text("models:/" + version.name + "/" + std::to_string(version.version)) + ")\n";
  if (!view.example.is_object()) return code + "print(model.metadata)";
  code += "row = json.loads(" + PythonText(WriteJson(view.example)) +
          ")\nvalues = {name: value if isinstance(value, str) else float(\"nan\" if value is None "
          "else value) for name, value in row.items()}\n"
          "print(model.predict({name: numpy.array([[value]]) for name, value in values.items()}))";
  return "import json\n\n" + code;
}

}  // namespace

PackageView ReadPackageView(const registry::ModelVersion& version, const std::string& state_dir,
                            Fs& fs) {
  PackageView view;
  if (version.path.empty()) {
    view.why = "registered by a client: what is known of it stands in its run and tags";
    return view;
  }
  const registry::PackageFiles files = registry::ReadPackageFiles(version, state_dir, fs);
  if (files.described.is_null()) {
    view.why = "its package is not in this store's folder: " + version.path;
    return view;
  }
  json::object package;
  for (const char* field : {"task", "learner", "params", "inputs", "classes", "positive",
                            "threshold", "derived", "features", "metrics", "program_version"}) {
    package[field] = At(files.described, std::string("/") + field);
  }
  package["bytes"] = files.bytes;
  view.package = std::move(package);
  view.example = FirstRow(files.example);
  return view;
}

json::array Snippets(const registry::ModelVersion& version, const PackageView& view,
                     const CallPlace& place) {
  json::array out;
  const std::string name = version.name + "/" + std::to_string(version.version);
  if (view.package.is_object()) {
    out.push_back(
        Snippet("Serve it", "shell",
                "quern serve " + Quoted(name) + " --root " + Quoted(place.root) + " --port 8080"));
  }
  if (view.package.is_object() && view.example.is_object()) {
    const std::string body =
        WriteJson(json::object{{"dataframe_records", json::array{view.example}}});
    out.push_back(Snippet("Ask it", "shell",
                          "curl http://127.0.0.1:8080/invocations -H 'Content-Type: "
                          "application/json' -d " +
                              Quoted(body)));
    out.push_back(Snippet("Ask it from Python", "python", Python(body)));
  }
  out.push_back(Snippet("Load it with MLflow", "python", LoadWithMlflow(version, view, place)));
  return out;
}

}  // namespace quern::server::native
