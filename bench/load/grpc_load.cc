// Calls one method of a gRPC server over and over and says how fast it answered.
//
//   grpc_load --port 8001 --streams 64 --seconds 5 --method
//   /inference.GRPCInferenceService/ModelInfer
//     --body-file request.bin
//
// The request is sent as the bytes of the file, the answer is not parsed: what remains is gRPC's
// own C++ client. `--streams` calls are under way at a time, dealt out to `--channels` connections
// (a closed loop), all on one thread. Prints one line of JSON; `client_us` is the client's own
// processor time for each call, so 1e6 / client_us is the most that it could ever measure.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Die(const std::string& problem) {
  std::fprintf(stderr, "grpc_load: %s\n", problem.c_str());
  std::exit(1);
}

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/// One call after another on one stub; its address is the tag of its calls.
struct Caller {
  grpc::GenericStub* stub = nullptr;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer answer;
  grpc::Status status;
  Clock::time_point asked;

  void Ask(const std::string& method, const grpc::ByteBuffer& request,
           grpc::CompletionQueue& queue) {
    context = std::make_unique<grpc::ClientContext>();
    answer.Clear();
    asked = Clock::now();
    reader = stub->PrepareUnaryCall(context.get(), method, request, &queue);
    reader->StartCall();
    reader->Finish(&answer, &status, this);
  }
};

struct Result {
  std::vector<float> times;
  size_t bytes = 0;
  double seconds = 0;
};

Result Measure(std::vector<Caller>& callers, const std::string& method,
               const grpc::ByteBuffer& request, double seconds) {
  grpc::CompletionQueue queue;
  Result result;
  const auto start = Clock::now();
  const auto end =
      start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (Caller& caller : callers) caller.Ask(method, request, queue);
  size_t waiting = callers.size();
  void* tag = nullptr;
  bool ok = false;
  Clock::time_point now = start;
  while (waiting > 0 && queue.Next(&tag, &ok)) {
    Caller& caller = *static_cast<Caller*>(tag);
    if (!ok || !caller.status.ok()) Die("the call failed: " + caller.status.error_message());
    now = Clock::now();
    result.times.push_back(std::chrono::duration<float, std::milli>(now - caller.asked).count());
    result.bytes += caller.answer.Length();
    if (now < end) {
      caller.Ask(method, request, queue);
    } else {
      --waiting;
    }
  }
  result.seconds = std::chrono::duration<double>(now - start).count();
  queue.Shutdown();
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> given = {
      {"--port", "0"},   {"--streams", "64"}, {"--channels", "4"}, {"--seconds", "5"},
      {"--warmup", "0"}, {"--method", ""},    {"--body-file", ""}};
  for (int i = 1; i < argc; i += 2) {
    const auto option = given.find(argv[i]);
    if (option == given.end() || i + 1 == argc)
      Die(std::string("unknown option, or one without a value: ") + argv[i]);
    option->second = argv[i + 1];
  }
  std::ifstream file(given["--body-file"], std::ios::binary);
  if (!file) Die("cannot read --body-file '" + given["--body-file"] + "'");
  const std::string body{std::istreambuf_iterator<char>(file), {}};
  const grpc::Slice slice(body);
  const grpc::ByteBuffer request(&slice, 1);

  const long count = std::atol(given["--channels"].c_str());
  const long streams = std::atol(given["--streams"].c_str());
  if (count < 1 || streams < 1) Die("at least one channel and one stream");
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  for (long i = 0; i < std::min(count, streams); ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);  // else all share one connection
    stubs.push_back(std::make_unique<grpc::GenericStub>(grpc::CreateCustomChannel(
        "127.0.0.1:" + given["--port"], grpc::InsecureChannelCredentials(), arguments)));
  }
  std::vector<Caller> callers(static_cast<size_t>(streams));
  for (size_t i = 0; i < callers.size(); ++i) callers[i].stub = stubs[i % stubs.size()].get();

  const double warmup = std::atof(given["--warmup"].c_str());
  if (warmup > 0) Measure(callers, given["--method"], request, warmup);
  const double before = ProcessorSeconds();
  Result result =
      Measure(callers, given["--method"], request, std::atof(given["--seconds"].c_str()));
  const auto calls = static_cast<double>(result.times.size());
  const double client_us = 1e6 * (ProcessorSeconds() - before) / calls;
  std::sort(result.times.begin(), result.times.end());
  const auto at = [&](double share) {
    return static_cast<double>(result.times[static_cast<size_t>(share * (calls - 1))]);
  };
  std::printf(
      "{\"requests\": %zu, \"failures\": 0, \"seconds\": %.3f, \"per_second\": %.1f, \"p50_ms\": "
      "%.4f, \"p99_ms\": %.4f, \"client_us\": %.2f, \"bytes\": %zu}\n",
      result.times.size(), result.seconds, calls / result.seconds, at(0.5), at(0.99), client_us,
      result.bytes);
  return 0;
}
