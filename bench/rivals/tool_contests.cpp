// Contests of our figures of a pipe with what perf and hackbench say of one.
#include <fmt/format.h>

#include <algorithm>

#include "bench/harness/command.hpp"
#include "bench/rivals/contests.hpp"
#include "bench/rivals/links.hpp"
#include "bench/rivals/our_links.hpp"
#include "ipc/backends.hpp"

namespace bench::rivals {
namespace {

namespace os = ipc::os;
using namespace std::chrono_literals;

/// What perf sends to and fro: an int.
constexpr std::size_t kIntBytes = sizeof(int);
constexpr std::size_t kOneWayBytes = 64;
/// About as long as the fastest operations of the tools take, so that they run for a window or
/// more.
constexpr auto kRoundTrip = 4us;
constexpr auto kOneWay = 400ns;
/// hackbench tells ms, so it runs for so long at least.
constexpr auto kLongForHackbench = 200ms;
constexpr auto kToolLimit = 60s;

constexpr const char* kPerfNote =
    "the loop is perf's own, write(2) and read(2) of an int by each of two processes, under our "
    "harness: mean of the window. \"pipe\" is what our cases of measure latency give: 8 bytes, "
    "their numbers checked at both ends, sent as the library sends, and the median of single "
    "trips, with a clock read in each. perf's mean holds the start and end of the second process, "
    "about a millisecond, in every operation a share; \"less its start\" is the difference of a "
    "run of "
    "twice the length and one of that length. With -T its two sides are threads: no change of "
    "address space, but a shared table of descriptors, in which every call takes a reference. "
    "Unpinned, the scheduler puts the two sides of each program on one CPU or on two, as it likes: "
    "no agreement is to be expected.";
constexpr const char* kHackbenchNote =
    "hackbench's mean runs from the moment at which one sender and one receiver are let go until "
    "both were reaped, over all messages, in whole ms; nothing is checked. pipe(2) is the same "
    "call with our numbering and checks at both ends, counted at the receiver inside the window; "
    "\"pipe\" writes its messages' sizes too, and holds 256 KiB where the others hold the kernel's "
    "64 KiB. With -T sender and receiver are threads and share a table of descriptors, in which "
    "every call takes a reference. Unpinned, the scheduler chooses the CPUs of each program.";

/// Runs a tool on the CPUs of a placement; what it printed.
std::string output_of(std::vector<std::string> words, Placement placement) {
  std::vector<int> cpus;
  for (const auto& each : cpus_of(placement, 2)) cpus.insert(cpus.end(), each.begin(), each.end());
  if (!cpus.empty()) words.insert(words.begin(), {"taskset", "-c", os::to_string(cpus)});
  const CommandResult result = run_command(words, os::Deadline::after(kToolLimit));
  if (!result.finished) throw CaseFailed(words.back() + " did not finish in time");
  if (result.status != os::ExitStatus::from_code(0))
    throw CaseFailed(fmt::format("ended with {}: {}", result.status.to_string(), result.errors));
  return result.output;
}

/// The number that begins at a place of the output, for what is named so.
double number_in(const std::string& output, std::string_view what, std::size_t from) {
  try {
    if (from == std::string::npos) throw std::invalid_argument("no number");
    return std::stod(output.substr(from));
  } catch (const std::logic_error&) {
    throw CaseFailed(fmt::format("says no {}: {}", what, output));
  }
}

/// Why a tool cannot be had, from a trial of a single operation.
os::Unavailable missing(const std::vector<std::string>& trial, const char* package) {
  const CommandResult result = run_command(trial, os::Deadline::after(kToolLimit));
  if (result.finished && result.status == os::ExitStatus::from_code(0)) return std::nullopt;
  return fmt::format("{} does not run here: apt-get install {}", trial.front(), package);
}

std::vector<std::string> perf_command(std::int64_t loops, bool threads) {
  std::vector<std::string> words{"perf", "bench", "sched", "pipe", "-l", std::to_string(loops)};
  if (threads) words.emplace_back("-T");
  return words;
}

double perf_ns(std::int64_t loops, bool threads, Placement placement) {
  return perf_operation_ns(output_of(perf_command(loops, threads), placement));
}

Side perf_side(const char* name, bool threads) {
  return {name, Waiting::blocking, missing(perf_command(1, threads), "linux-perf"),
          [=](const Window& window, Placement placement) {
            return perf_ns(window.timed / kRoundTrip, threads, placement);
          }};
}

/// What of perf's mean is no round trip falls out of the difference.
Side perf_less_its_start() {
  return {"perf, less its start", Waiting::blocking, missing(perf_command(1, false), "linux-perf"),
          [](const Window& window, Placement placement) {
            const std::int64_t loops = window.timed / kRoundTrip;
            const double once = perf_ns(loops, false, placement);
            return 2 * perf_ns(2 * loops, false, placement) - once;
          }};
}

/// perf's loop between two of our peers; mean of the window.
double int_loop_ns(const Window& window, Placement placement) {
  BarePipe<> pipe(kIntBytes);
  const auto echo = [&](Peer& peer) {
    peer.start();
    for (;;) {
      pipe.second.receive();
      if (peer.stopped()) return;
      pipe.second.send();
    }
  };
  const auto initiator = [&](Peer& peer) {
    peer.start();
    const Count counted = count(peer, [&] {
      pipe.first.send();
      pipe.first.receive();
    });
    peer.stop();
    pipe.first.send();
    return counted;
  };
  return one_way(window, placement, echo, initiator).operation_ns;
}

/// Where the scheduler chooses the CPUs of each program by itself, nothing can be asked.
void add_figures(Contest& contest, std::vector<Figure> figures) {
  for (Figure& figure : figures) {
    if (contest.placement == Placement::unpinned) figure.goal.reset();
    contest.figures.push_back(std::move(figure));
  }
}

Contest perf_contest(Placement placement) {
  Contest contest{"pipe round trip, perf",
                  placement,
                  {{"int loop", Waiting::blocking, {}, &int_loop_ns},
                   {"pipe",
                    Waiting::blocking,
                    {},
                    [](const Window& window, Placement where) {
                      return round_trip_ns<PipeLink<ipc::AnonymousPipe>>(8, window, where);
                    }},
                   perf_side("perf bench sched pipe", false),
                   perf_side("perf bench sched pipe -T", true)},
                  {},
                  kPerfNote};
  add_figures(contest, {agrees(0.1, "int loop", "perf bench sched pipe"),
                        agrees(0.1, "pipe", "perf bench sched pipe")});
  contest.figures.push_back({"int loop", "perf bench sched pipe -T", Figure::Kind::agrees, {}});
  // Two runs that may have been on one CPU and on two have no difference that means anything.
  if (placement == Placement::unpinned) return contest;
  contest.sides.push_back(perf_less_its_start());
  add_figures(contest, {agrees(0.05, "int loop", "perf, less its start"),
                        agrees(0.1, "pipe", "perf, less its start")});
  return contest;
}

std::vector<std::string> hackbench_command(std::int64_t messages, const char* kind) {
  return {"hackbench",
          "-p",
          kind,
          "-g",
          "1",
          "-f",
          "1",
          "-l",
          std::to_string(messages),
          "-s",
          std::to_string(kOneWayBytes)};
}

Side hackbench_side(const char* name, const char* kind) {
  return {name, Waiting::blocking, missing(hackbench_command(1, kind), "rt-tests"),
          [=](const Window& window, Placement placement) {
            const auto messages =
                std::max<std::chrono::nanoseconds>(window.timed, kLongForHackbench) / kOneWay;
            return hackbench_total_ns(output_of(hackbench_command(messages, kind), placement)) /
                   static_cast<double>(messages);
          }};
}

template <Link L>
Side one_way_side(const char* name) {
  return {name, Waiting::blocking, {}, [](const Window& window, Placement where) {
            return one_way_ns<L>(kOneWayBytes, window, where);
          }};
}

Contest hackbench_contest(Placement placement) {
  Contest contest{
      fmt::format("pipe one way {} B, hackbench", kOneWayBytes),
      placement,
      {one_way_side<BarePipe<>>("pipe(2)"), one_way_side<PipeLink<ipc::AnonymousPipe>>("pipe"),
       hackbench_side("hackbench -p", "-P"), hackbench_side("hackbench -p -T", "-T")},
      {},
      kHackbenchNote};
  add_figures(contest,
              {agrees(0.1, "pipe(2)", "hackbench -p"), agrees(0.1, "pipe", "hackbench -p")});
  contest.figures.push_back({"pipe(2)", "hackbench -p -T", Figure::Kind::agrees, {}});
  return contest;
}

}  // namespace

double perf_operation_ns(const std::string& output) {
  constexpr std::string_view kUnit = "usecs/op";
  const auto unit = output.find(kUnit);
  const auto line = unit == std::string::npos ? unit : output.rfind('\n', unit);
  return 1e3 * number_in(output, kUnit, line);
}

double hackbench_total_ns(const std::string& output) {
  constexpr std::string_view kTitle = "Time: ";
  const auto title = output.find(kTitle);
  return 1e9 *
         number_in(output, "time", title == std::string::npos ? title : title + kTitle.size());
}

std::vector<Contest> tool_contests() {
  std::vector<Contest> contests;
  for (const auto placement : {Placement::same_core, Placement::unpinned}) {
    contests.push_back(perf_contest(placement));
    contests.push_back(hackbench_contest(placement));
  }
  return contests;
}

}  // namespace bench::rivals
