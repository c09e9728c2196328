// Stands in for a bench binary in the tests of the command. It is the binary under whose name it is
// started, has three cases, each held against that of `limits`, and says of each that an operation
// took 1 us, and longer by --inject_percent. It misbehaves as environment variables ask:
//   FAKE_DULL=BINARY          it does not inject what it is told to
//   FAKE_PLACEMENT=NAME       of all cases, unpinned by default
//   FAKE_FAIL=CASE            that case fails
//   FAKE_CRASH=BINARY         it aborts after its first case
//   FAKE_HANG=BINARY          it hangs after its first case, with a child, both deaf to SIGTERM
//   FAKE_READY_FD=N           where it writes a byte once it hangs
//   FAKE_BAD_JSON=BINARY      its results break off
//   FAKE_BAD_HISTOGRAMS=BINARY, FAKE_BAD_REPETITIONS=BINARY, FAKE_NO_ROW=BINARY
//   FAKE_BAD_CATALOGUE=BINARY, FAKE_DUPLICATE=BINARY
//   FAKE_PADDING=N            bytes added to its results
//   FAKE_LOG=FILE             to which it adds "FOLDER CASE" for every turn, its own folder's name
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "bench/harness/build_info.hpp"
#include "ipc/os/child.hpp"

namespace {

using Json = nlohmann::ordered_json;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

class Fake {
 public:
  Fake(const std::filesystem::path& program, std::map<std::string, std::string> options)
      : name_(program.filename()),
        folder_(program.parent_path().filename()),
        options_(std::move(options)) {}

  int run() {
    if (options_.contains("--catalogue")) return print_catalogue();
    Json rows = Json::array();
    std::ifstream cases(options_.at("--cases"));
    for (std::string one; std::getline(cases, one) && is_our_turn();) {
      rows.push_back(measure(one));
      misbehave();
    }
    while (is_our_turn()) continue;
    if (wants("FAKE_NO_ROW")) rows.erase(0);
    write(std::move(rows));
    return 0;
  }

 private:
  bool is_our_turn() const {
    char turn = 0;
    return ::read(std::stoi(options_.at("--turns_fd")), &turn, 1) == 1;
  }
  bool wants(const char* what) const { return variable(what) == name_; }
  bool is_limits() const { return name_ == "limits"; }

  static std::string case_name(const std::string& binary, const std::string& backend) {
    return binary + "/pipe/" + backend + "/size:64/placement:" + placement();
  }
  static std::string placement() {
    const auto wanted = variable("FAKE_PLACEMENT");
    return wanted.empty() ? "unpinned" : wanted;
  }

  int print_catalogue() const {
    if (wants("FAKE_BAD_CATALOGUE")) {
      std::cout << "{\"binary\": ";
      return 0;
    }
    Json cases = Json::array();
    for (const std::string backend : {"quick", "slow", "impossible"}) {
      cases.push_back({{"name", case_name(name_, backend)},
                       {"measure", name_},
                       {"noun", "pipe"},
                       {"backend", backend},
                       {"placement", placement()},
                       {"quick", backend == "quick"},
                       {"control", false},
                       {"cpus", 0},
                       {"setup_ms", 0},
                       {"reason", backend == "impossible" ? Json("not on this machine") : Json()},
                       {"floor", is_limits() ? Json() : Json(case_name("limits", backend))},
                       {"no_floor", is_limits() ? Json("it is a limit itself") : Json()},
                       {"bare", is_limits() ? Json() : Json(case_name("limits", backend))},
                       {"operations", backend == "impossible" ? 0 : 100},
                       {"off_path", backend == "slow" ? "it is slow" : ""}});
    }
    if (wants("FAKE_DUPLICATE")) cases.push_back(cases[0]);
    const Json git{{"sha", bench::build_info().git_sha}, {"dirty", bench::build_info().git_dirty}};
    const Json build{{"ipcmark_version", bench::build_info().version}, {"git", git}};
    std::cout << Json{{"binary", name_}, {"build", build}, {"cases", cases}}.dump() << '\n';
    return 0;
  }

  double injected_percent() const {
    const auto injected = options_.find("--inject_percent");
    return injected == options_.end() ? 0 : std::stod(injected->second);
  }

  /// Sides called a and b are longer in turn, and so are those with and without a delay.
  double noise(const std::string& one) const {
    const std::filesystem::path file = options_.at("--benchmark_out");
    const auto side = file.parent_path();
    const auto what = side.parent_path().filename() / side.filename() / file.filename() / one;
    const int round = std::stoi(file.stem().stem().extension().string().substr(1));
    const bool is_other = side.filename() == "b" || injected_percent() > 0;
    return (round + is_other) % 2 +
           static_cast<double>(std::hash<std::string>()(what.string()) % 1000) / 1e4;
  }

  /// Two repetitions. Processes differ by up to a thousandth, by the side and round they are of,
  /// and alike whenever that is measured.
  Json record(const std::string& one) const {
    const double ns = 1000 + (wants("FAKE_DULL") ? 0 : 10 * injected_percent()) + noise(one);
    const Json repetition{{"operations", 1000},
                          {"elapsed_ns", 1000 * ns},
                          {"p10_ns", ns},
                          {"p50_ns", ns},
                          {"involuntary_switches", 0}};
    const Json anchor{{"min_ns", 270}, {"median_ns", 270}};
    return {{"case", one},
            {"repetitions", {repetition, repetition}},
            {"anchors", {anchor, anchor, anchor}},
            {"line_ns", nullptr},
            {"not_comparable", Json::array()}};
  }

  Json measure(const std::string& one) {
    if (const auto log = variable("FAKE_LOG"); !log.empty())
      std::ofstream(log, std::ios::app) << (folder_ + ' ' + one + '\n') << std::flush;
    Json row{{"name", one + "/manual_time"},
             {"run_type", "iteration"},
             {"real_time", is_limits() ? 2.0 : 3.0}};
    const bool fails = variable("FAKE_FAIL") == one;
    if (fails) {
      row["error_occurred"] = true;
      row["error_message"] = "the peer: it is gone";
    } else {
      records_.push_back(record(one));
    }
    tell(fails ? "failed " + one + ": the peer: it is gone\n" : "done " + one + "\n");
    return row;
  }

  void tell(const std::string& line) const {
    if (::write(std::stoi(options_.at("--progress_fd")), line.data(), line.size()) < 0)
      std::abort();
  }

  void misbehave() const {
    if (wants("FAKE_CRASH")) {
      std::cerr << "something went wrong\n" << std::flush;
      std::abort();
    }
    if (!wants("FAKE_HANG")) return;
    ::signal(SIGTERM, SIG_IGN);
    const auto hang = [] {
      for (;;) ::pause();
      return 0;
    };
    const auto child = ipc::os::Child::fork(hang);
    if (const auto ready = variable("FAKE_READY_FD"); !ready.empty())
      if (::write(std::stoi(ready), "x", 1) != 1) std::abort();
    hang();
  }

  void write(Json rows) const {
    const Json results{{"context", {{"padding", std::string(padding(), 'x')}}},
                       {"benchmarks", std::move(rows)}};
    std::string text = results.dump();
    if (wants("FAKE_BAD_JSON")) text.resize(text.size() / 2);
    std::ofstream(options_.at("--benchmark_out")) << text;
    Json histograms{{"schema_version", 1}, {"binary", name_}, {"histograms", Json::array()}};
    if (wants("FAKE_BAD_HISTOGRAMS")) histograms.erase("histograms");
    std::ofstream(options_.at("--histograms")) << histograms.dump();
    Json repetitions{{"schema_version", 1}, {"binary", name_}, {"cases", records_}};
    if (wants("FAKE_BAD_REPETITIONS")) repetitions.erase("cases");
    std::ofstream(options_.at("--repetition_records")) << repetitions.dump();
  }

  static std::size_t padding() {
    const auto wanted = variable("FAKE_PADDING");
    return wanted.empty() ? 0 : std::stoul(wanted);
  }

  std::string name_;
  std::string folder_;
  std::map<std::string, std::string> options_;
  Json records_ = Json::array();
};

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    options[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  return Fake(argv[0], options).run();
}
