// Asks one HTTP server the same thing over many kept connections and says how fast it answered.
//
//   http_load --port 5000 --connections 16 --seconds 5 --path /api/2.0/mlflow/runs/log-metric
//     --body '{"run_id": "…", "key": "loss", "value": 1, "timestamp": {n}, "step": {n}}'
//
// `{n}` becomes a number that grows with every request, `{c}` the connection's. Each connection
// asks again once it is answered (a closed loop), or all together ask `--rate` times a second
// whatever the answers do (an open loop). Then the times count from when a request was due, not
// from when a connection was free to send it: a server that stalls is charged for all who wait
// (coordinated omission). Few threads and epoll: the load must not cost what it measures. Prints
// one line of JSON.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "load_worker.h"

namespace quern::load {
namespace {

[[noreturn]] void Usage(const std::string& problem) {
  std::fprintf(
      stderr,
      "http_load: %s\n"
      "usage: http_load --port N [--connections N] [--threads N] [--seconds S] [--warmup S]\n"
      "  [--requests N] [--rate REQUESTS_PER_SECOND] --path P [--body TEXT | --body-file FILE]\n"
      "  [--type CONTENT_TYPE] [--header 'NAME: VALUE']...\n",
      problem.c_str());
  std::exit(2);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Usage("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) Usage(name + " needs a value");
    const std::string value = argv[i + 1];
    if (name == "--port") {
      options.port = std::atoi(value.c_str());
    } else if (name == "--connections") {
      options.connections = std::atoi(value.c_str());
    } else if (name == "--threads") {
      options.threads = std::atoi(value.c_str());
    } else if (name == "--seconds") {
      options.seconds = std::atof(value.c_str());
    } else if (name == "--warmup") {
      options.warmup = std::atof(value.c_str());
    } else if (name == "--requests") {
      options.requests = std::atol(value.c_str());
    } else if (name == "--rate") {
      options.rate = std::atof(value.c_str());
    } else if (name == "--path") {
      options.path = value;
    } else if (name == "--body") {
      options.body = value;
    } else if (name == "--body-file") {
      options.body = ReadFile(value);
    } else if (name == "--type") {
      options.type = value;
    } else if (name == "--header") {
      options.headers.push_back(value);
    } else {
      Usage("unknown option " + name);
    }
  }
  if (options.port <= 0) Usage("--port is needed");
  if (options.connections < 1 || options.threads < 1)
    Usage("at least one connection and one thread");
  options.threads = std::min(options.threads, options.connections);
  return options;
}

void Report(const Shared& shared, const std::vector<std::unique_ptr<Worker>>& workers) {
  std::vector<float> times;
  long failures = 0;
  size_t bytes = 0;
  Clock::time_point last = shared.counted_from;
  for (const auto& worker : workers) {
    times.insert(times.end(), worker->times().begin(), worker->times().end());
    failures += worker->failures();
    bytes += worker->bytes();
    last = std::max(last, worker->last());
  }
  if (times.empty()) Usage("no request was answered");
  std::sort(times.begin(), times.end());
  const double seconds = std::chrono::duration<double>(last - shared.counted_from).count();
  const auto at = [&](double share) {
    return static_cast<double>(
        times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))]);
  };
  std::printf(
      "{\"requests\": %zu, \"failures\": %ld, \"seconds\": %.3f, \"per_second\": %.1f, \"p50_ms\": "
      "%.4f, "
      "\"p90_ms\": %.4f, \"p99_ms\": %.4f, \"p999_ms\": %.4f, \"max_ms\": %.4f, \"bytes\": %zu}\n",
      times.size(), failures, seconds, static_cast<double>(times.size()) / seconds, at(0.5),
      at(0.9), at(0.99), at(0.999), at(1), bytes);
}

void Run(const Options& options) {
  Shared shared(options);
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < options.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(shared, i, options.threads));
    workers.back()->Open();
  }
  const auto in = [&](double seconds) {
    return shared.start +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  };
  shared.start = Clock::now();
  shared.counted_from = in(options.warmup);
  shared.end = in(options.warmup + options.seconds);
  std::vector<std::thread> threads;
  for (size_t i = 1; i < workers.size(); ++i)
    threads.emplace_back([&worker = *workers[i]] { worker.Run(); });
  workers[0]->Run();
  for (std::thread& thread : threads) thread.join();
  Report(shared, workers);
}

}  // namespace
}  // namespace quern::load

int main(int argc, char** argv) {
  quern::load::Run(quern::load::Parse(argc, argv));
  return 0;
}
