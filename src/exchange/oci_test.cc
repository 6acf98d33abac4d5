#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <functional>

#include "base/digest.h"
#include "base/json_read.h"
#include "exchange/moving_fixture.h"
#include "exchange/oci_artifact.h"
#include "exchange/oci_words.h"

namespace quern::exchange {
namespace {

constexpr char kImage[] = "application/vnd.oci.image.config.v1+json";

json::value ReadJson(const std::string& path) { return *ParseJson(*RealFs().Read(path)); }

/// A layout that a test may spoil.
class Layout {
 public:
  Layout() {
    const auto version = place.Add("heart", 1);
    place.Sign(version);
    moving = place.Depart("heart/1");
    Restore();
  }
  /// The layout as it is written.
  void Restore() {
    REQUIRE(RealFs().RemoveAll(path()));
    const auto written = WriteOci(moving, path(), RealFs(), NoProgress());
    REQUIRE_MESSAGE(written, (written ? "" : written.error().ToString()));
    manifest = ReadJson(Blob(written->manifest));
  }
  std::string path() const { return place.dir.File("layout"); }
  std::string Blob(const std::string& digest) const {
    return JoinPath(path(), oci::kBlobs + digest.substr(7));
  }
  std::string LayerOf(const std::string& file) const {
    for (const json::value& layer : ListAt(manifest, "/layers")) {
      if (layer.at("annotations").at(oci::kFilepath) == json::value(file)) {
        return Blob(std::string(layer.at("digest").as_string()));
      }
    }
    return "";
  }
  /// Writes the manifest as `change` leaves it, and an index that names it.
  void Change(const std::function<void(json::object&)>& change) {
    json::object changed = manifest.as_object();
    change(changed);
    const std::string text = WriteJson(changed);
    const std::string digest = oci::kSha256 + Sha256(text);
    REQUIRE(RealFs().WriteAtomic(Blob(digest), text));
    json::value index = ReadJson(JoinPath(path(), oci::kIndexFile));
    json::object& entry = index.as_object()["manifests"].as_array()[0].as_object();
    entry["digest"] = digest;
    entry["size"] = text.size();
    REQUIRE(RealFs().WriteAtomic(JoinPath(path(), oci::kIndexFile), WriteJson(index)));
  }
  Result<MovingVersion> Read(const std::string& reference = "") const {
    const TempDir folder;
    return ReadOci({path(), reference}, folder.path(), RealFs(), NoProgress());
  }
  /// That it is refused with the code, and a message with the words.
  void Refused(Code code, const std::string& words) const {
    const auto read = Read();
    REQUIRE_FALSE(read);
    CHECK_MESSAGE(read.error().code == code, read.error().ToString());
    CHECK_MESSAGE(read.error().message.find(words) != std::string::npos, read.error().message);
  }

  Place place;
  MovingVersion moving;
  json::value manifest;
};

json::object& FirstLayer(json::object& manifest) {
  return manifest["layers"].as_array()[0].as_object();
}

}  // namespace

TEST_CASE("a version is read back from the artifact as it was, from a folder and from a .tar") {
  Layout layout;
  const MovingVersion& moving = layout.moving;
  const std::string tar = layout.place.dir.File("layout.tar");
  const auto written = WriteOci(moving, tar, RealFs(), NoProgress());
  REQUIRE(written);
  CHECK(written->reference == "heart-1");
  const std::string link = layout.place.dir.File("link.tar");
  std::filesystem::create_symlink(tar, link);
  for (const std::string& path : {layout.path(), tar, link}) {
    const TempDir folder;
    const auto read = ReadOci({path, ""}, folder.path(), RealFs(), NoProgress());
    REQUIRE_MESSAGE(read, (read ? "" : read.error().ToString()));
    CHECK(read->reference() == "heart/1");
    CHECK(read->registry == "oci:" + written->manifest);
    CHECK(read->digest == moving.digest);
    CHECK(read->run_id == "run7");
    CHECK(read->description == moving.description);
    CHECK(read->model_description == moving.model_description);
    CHECK(read->signature == moving.signature);
    CHECK(read->tags == moving.tags);
    const auto files = *FilesOfPackage(moving.folder, RealFs());
    for (const std::string& file : files) {
      CHECK(*RealFs().Read(JoinPath(folder.path(), file)) ==
            *RealFs().Read(JoinPath(moving.folder, file)));
    }
    Place there;
    CHECK(there.Take(*read, "heart")->kind == CopyOutcome::Kind::kAdded);
    CHECK(there.Take(*read, "heart")->kind == CopyOutcome::Kind::kThere);
  }
}

TEST_CASE("the same version gives the same bytes") {
  Layout layout;
  const std::string first = layout.place.dir.File("1.tar");
  const std::string second = layout.place.dir.File("2.tar");
  const auto one = WriteOci(layout.moving, first, RealFs(), NoProgress());
  layout.place.clock.Set(layout.place.clock.NowMs() + 100000);
  const auto two = WriteOci(layout.place.Depart("heart/1"), second, RealFs(), NoProgress());
  REQUIRE((one && two));
  CHECK(one->manifest == two->manifest);
  CHECK(*Sha256File(first) == *Sha256File(second));
}

TEST_CASE("the artifact is what ModelPack and ORAS read") {
  Layout layout;
  const json::value& m = layout.manifest;
  CHECK(TextAt(m, "/artifactType") == "application/vnd.cncf.model.manifest.v1+json");
  CHECK(TextAt(m, "/config/mediaType") == "application/vnd.cncf.model.config.v1+json");
  const json::value config = ReadJson(layout.Blob(TextAt(m, "/config/digest")));
  CHECK(TextAt(config, "/descriptor/name") == "heart");
  CHECK(TextAt(config, "/config/format") == "onnx");
  const auto files = *FilesOfPackage(layout.moving.folder, RealFs());
  CHECK(ListAt(m, "/layers").size() == files.size() + 1);  // and the signature
  for (size_t i = 0; i < ListAt(m, "/layers").size(); ++i) {
    const json::value& layer = ListAt(m, "/layers")[i];
    CHECK(ListAt(config, "/modelfs/diffIds")[i] == layer.at("digest"));
    const json::object& notes = layer.at("annotations").as_object();
    CHECK(notes.at(oci::kTitle) == notes.at(oci::kFilepath));
    const bool weights = notes.at(oci::kTitle) == json::value("model.onnx");
    CHECK(TextAt(layer, "/mediaType") == (weights ? oci::kWeightType : oci::kWeightConfigType));
  }
  const json::object& notes = At(m, "/annotations").as_object();
  CHECK(notes.at("org.opencontainers.image.version") == json::value("1"));
  CHECK(notes.at("quern.digest") == json::value(layout.moving.digest));
  CHECK(notes.contains("quern.metrics"));
}

TEST_CASE("nothing is written over, and a disk that fails leaves nothing") {
  Layout layout;
  const std::string tar = layout.place.dir.File("x.tar");
  CHECK(WriteOci(layout.moving, layout.path(), RealFs(), NoProgress()).error().code ==
        Code::kAlreadyExists);
  REQUIRE(RealFs().WriteAtomic(tar, "mine"));
  CHECK(WriteOci(layout.moving, tar, RealFs(), NoProgress()).error().code == Code::kAlreadyExists);
  const std::string empty = layout.place.dir.File("empty");
  REQUIRE(RealFs().MakeDirs(empty));
  CHECK(WriteOci(layout.moving, empty, RealFs(), NoProgress()));
  for (const char* name : {"deep/new", "deep/new.tar"}) {
    for (int fail_at = 1;; ++fail_at) {
      FaultyFs faulty(RealFs(), fail_at);
      const std::string to = layout.place.dir.File(name);
      if (WriteOci(layout.moving, to, faulty, NoProgress())) break;
      CHECK_FALSE(RealFs().Exists(to));
    }
  }
}

TEST_CASE("blobs that are cut short, too long, altered or missing are named with their file") {
  Layout layout;
  const std::string graph = layout.LayerOf("model.onnx");
  const std::string bytes = *RealFs().Read(graph);
  REQUIRE(RealFs().WriteAtomic(graph, bytes.substr(0, 100)));
  layout.Refused(Code::kDataLoss, "the file 'model.onnx' of '" + layout.path() + "' has 100 bytes");
  REQUIRE(RealFs().WriteAtomic(graph, bytes + "x"));
  layout.Refused(Code::kDataLoss, "is too large");
  REQUIRE(RealFs().WriteAtomic(graph, "x" + bytes.substr(1)));
  layout.Refused(Code::kDataLoss, "the file 'model.onnx'");
  REQUIRE(RealFs().RemoveAll(graph));
  layout.Refused(Code::kNotFound, BaseName(graph));
  REQUIRE(RealFs().WriteAtomic(layout.place.dir.File("aside"), bytes));
  std::filesystem::create_symlink(layout.place.dir.File("aside"), graph);
  layout.Refused(Code::kInvalidArgument, "is a link");
  layout.Restore();
  CHECK(layout.Read());
  std::filesystem::rename(layout.path() + "/blobs", layout.path() + "/real");
  std::filesystem::create_directory_symlink("real", layout.path() + "/blobs");
  layout.Refused(Code::kInvalidArgument, "is a link");
}

TEST_CASE("layers that name no file of the package are refused") {
  Layout layout;
  for (const char* name : {"../../etc/passwd", "/etc/passwd", "a/b", "..", ".", "a\\b", "a\nb"}) {
    layout.Change([&](json::object& manifest) {
      FirstLayer(manifest)["annotations"].as_object()[oci::kFilepath] = name;
    });
    layout.Refused(Code::kInvalidArgument, std::string("names the file '") + name + "'");
  }
  layout.Change([](json::object& m) { FirstLayer(m)["annotations"] = json::object(); });
  layout.Refused(Code::kInvalidArgument, "has no file name");
  layout.Change(
      [](json::object& m) { m["layers"].as_array().push_back(m["layers"].as_array()[0]); });
  layout.Refused(Code::kInvalidArgument, "two layers name the file");
  layout.Change([](json::object& m) { FirstLayer(m)["digest"] = "sha512:00"; });
  layout.Refused(Code::kInvalidArgument, "'sha512:00'");
  layout.Change([](json::object& m) { FirstLayer(m)["size"] = -1; });
  layout.Refused(Code::kInvalidArgument, "mediaType and size");
  layout.Change([](json::object& m) { FirstLayer(m)["size"] = int64_t{5} << 30; });
  layout.Refused(Code::kInvalidArgument, "is too large");
  layout.Change([](json::object& m) {
    for (int i = 0; i < 2000; ++i) m["layers"].as_array().push_back(FirstLayer(m));
  });
  layout.Refused(Code::kInvalidArgument, "layers");
}

TEST_CASE("other artifacts and other layouts are refused by what they are") {
  Layout layout;
  layout.Change([](json::object& m) {
    m.erase("artifactType");
    m["config"].as_object()["mediaType"] = kImage;
  });
  layout.Refused(Code::kInvalidArgument, kImage);
  layout.Change([](json::object& m) { m["config"].as_object()["mediaType"] = kImage; });
  layout.Refused(Code::kInvalidArgument, "the configuration");
  layout.Change([](json::object& m) {
    FirstLayer(m)["mediaType"] = "application/vnd.cncf.model.weight.v1.tar";
  });
  layout.Refused(Code::kInvalidArgument, "application/vnd.cncf.model.weight.v1.tar");
  layout.Change([](json::object& m) { m["annotations"].as_object()["quern.digest"] = "other"; });
  layout.Refused(Code::kDataLoss, "its manifest says other");
  // Some other producer's model: no package of ours.
  layout.Change([](json::object& m) {
    m["layers"].as_array().erase(m["layers"].as_array().begin() + 1, m["layers"].as_array().end());
  });
  CHECK_FALSE(layout.Read());
  layout.Restore();

  const std::string index = JoinPath(layout.path(), oci::kIndexFile);
  REQUIRE(RealFs().WriteAtomic(index, R"({"schemaVersion":2,"manifests":[]})"));
  layout.Refused(Code::kNotFound, "lists no manifest");
  REQUIRE(RealFs().WriteAtomic(index, "{"));
  layout.Refused(Code::kInvalidArgument, "");
  REQUIRE(RealFs().WriteAtomic(index, std::string(5u << 20, ' ')));
  layout.Refused(Code::kInvalidArgument, "at most are read");
  REQUIRE(RealFs().RemoveAll(index));
  layout.Refused(Code::kNotFound, "holds no 'index.json'");
  const std::string head = JoinPath(layout.path(), oci::kLayoutFile);
  REQUIRE(RealFs().WriteAtomic(head, R"({"imageLayoutVersion":"2.0.0"})"));
  layout.Refused(Code::kInvalidArgument, "version '2.0.0'");
  REQUIRE(RealFs().RemoveAll(head));
  layout.Refused(Code::kInvalidArgument, "is no OCI image layout");
  REQUIRE(RealFs().RemoveAll(layout.path()));
  layout.Refused(Code::kNotFound, "cannot open");
}

TEST_CASE("of several models in a layout one is named") {
  Layout layout;
  const std::string index = JoinPath(layout.path(), oci::kIndexFile);
  json::value all = ReadJson(index);
  json::array& manifests = all.as_object()["manifests"].as_array();
  manifests.push_back(manifests[0]);
  manifests[1].as_object()["annotations"].as_object()[oci::kRefName] = "stable";
  REQUIRE(RealFs().WriteAtomic(index, WriteJson(all)));
  layout.Refused(Code::kInvalidArgument, "holds several models: heart-1, stable");
  CHECK(layout.Read("stable"));
  CHECK(layout.Read("other").error().code == Code::kNotFound);
}

}  // namespace quern::exchange
