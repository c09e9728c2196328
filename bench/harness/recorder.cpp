#include "bench/harness/recorder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <unistd.h>

#include "bench/harness/surroundings.hpp"
#include "ipc/os/cpu.hpp"

namespace bench {

namespace {

constexpr int kSchemaVersion = 1;

/// The CPUs, and all that a reader of the row has to know.
std::string label_of(const Case& one, const Outcome& outcome) {
  std::string label = one.cpus.empty() ? "any cpu" : "cpus " + ipc::os::to_string(one.cpus);
  for (const auto& text : outcome.labels) label += "; " + text;
  for (const auto& text : outcome.not_comparable) label += "; NOT COMPARABLE: " + text;
  return label;
}

Json to_json(const Repetition& one, bool timed) {
  Json json{{"started_at_ns", one.started_at_ns},
            {"elapsed_ns", one.elapsed_ns},
            {"operations", one.operations}};
  if (timed)
    json.update({{"min_ns", one.ns.min},
                 {"p10_ns", one.ns.p10},
                 {"p50_ns", one.ns.p50},
                 {"p90_ns", one.ns.p90},
                 {"p99_ns", one.ns.p99},
                 {"p99_9_ns", one.ns.p99_9},
                 {"max_ns", one.ns.max}});
  json.update({{"cpu_ns", one.usage.cpu_ns},
               {"run_delay_ns", one.usage.run_delay_ns},
               {"voluntary_switches", one.usage.voluntary_switches},
               {"involuntary_switches", one.usage.involuntary_switches},
               {"minor_faults", one.usage.minor_faults},
               {"major_faults", one.usage.major_faults},
               {"migrations", one.usage.migrations}});
  return json;
}

Json repetitions_of(const Outcome& outcome) {
  Json list = Json::array();
  for (std::size_t i = 0; i < outcome.repetitions.size(); ++i) {
    Json one = to_json(outcome.repetitions[i], outcome.histogram.has_value());
    if (!outcome.counted.empty()) {
      Json shares = Json::array();
      for (const auto& peer : outcome.counted) shares.push_back(peer[i]);
      one["peer_operations"] = std::move(shares);
    }
    list.push_back(std::move(one));
  }
  return list;
}

Json anchors_of(const Outcome& outcome) {
  Json list = Json::array();
  for (const Anchor& one : outcome.anchors)
    list.push_back({{"min_ns", one.min_ns}, {"median_ns", one.median_ns}});
  return list;
}

}  // namespace

void Recorder::rehearse() {
  const Case nothing;
  Outcome outcome;
  outcome.repetitions.resize(static_cast<std::size_t>(window_.repetitions));
  outcome.anchors.resize(outcome.repetitions.size() + 1);
  outcome.histogram.emplace();
  for (std::uint64_t value = 1000; value < 100'000; ++value) outcome.histogram->record(value);
  Surroundings(nothing).judge(outcome);
  keep("rehearsal", 0, outcome);
  cases_.clear();
  histograms_.clear();
}

Window Recorder::window_of(const Case& one) const {
  Window window = window_;
  if (!counts_.wanted) return window;
  if (!one.fixed.why_none.empty()) throw CaseFailed("not with fixed counts: " + one.fixed.why_none);
  window.operations = counts_.operations.value_or(one.fixed.operations);
  window.warmup_operations =
      counts_.warmup_operations.value_or(one.fixed.warmup_of(window.operations));
  return window;
}

void Recorder::run(const Case& one, benchmark::State& state) {
  const std::string name = one.id.to_string();
  const int repetition = repetitions_[name]++;
  try {
    if (one.reason) throw CaseFailed("not measurable here: " + *one.reason);
    const Surroundings surroundings(one);
    ::malloc_trim(0);  // what earlier cases have given back would still be copied by every fork
    Window window = window_of(one);
    std::optional<Marker> marker;
    if (const auto number = markers_.find(name); number != markers_.end())
      window.marker = &marker.emplace(number->second);
    Outcome outcome = one.run(window);
    surroundings.judge(outcome);
    if (!window.is_fixed()) count_events(one, window, events_, outcome);
    // The measurement is over: the loop only hands its result to the library, as one iteration,
    // since the library wants all repetitions to have as many.
    while (state.KeepRunning()) state.SetIterationTime(outcome.operation_ns * 1e-9);
    for (const auto& [key, value] : outcome.counters)
      if (value != 0 || !files_.without_zeros) state.counters[key] = value;
    state.counters["operations"] = static_cast<double>(outcome.operations);
    state.SetLabel(label_of(one, outcome));
    keep(name, repetition, outcome);
    progress("done " + name);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
    progress("failed " + name + ": " + error.what());
  }
}

void Recorder::keep(const std::string& name, int repetition, const Outcome& outcome) {
  if (!files_.repetitions.empty())
    add(cases_, {{"case", name},
                 {"repetition", repetition},
                 {"repetitions", repetitions_of(outcome)},
                 {"anchors", anchors_of(outcome)},
                 {"line_ns",
                  outcome.line_ns ? Json{outcome.line_ns->first, outcome.line_ns->second} : Json()},
                 {"labels", outcome.labels},
                 {"not_comparable", outcome.not_comparable}});
  if (files_.histograms.empty() || !outcome.histogram) return;
  keep(name, repetition, "", *outcome.histogram, outcome.operations_per_sample);
  for (const auto& [series, all] : outcome.series)
    keep(name, repetition, series, all, outcome.operations_per_sample);
}

void Recorder::keep(const std::string& name, int repetition, const std::string& series,
                    const Histogram& all, std::int64_t operations_per_sample) {
  Json one{{"case", name},
           {"repetition", repetition},
           {"unit", files_.unit},
           {"operations_per_sample", operations_per_sample},
           {"significant_digits", Histogram::kSignificantDigits},
           {"total_count", all.total()},
           {"min", all.min()},
           {"max", all.max()},
           {"mean", all.mean()},
           {"counts", all.buckets()}};
  if (!series.empty()) one["series"] = series;
  add(histograms_, one);
}

void Recorder::add(UnforkedText& list, const Json& one) {
  if (!list.view().empty()) list.append(",");
  list.append(to_line(one));
}

void Recorder::write() const {
  // In one line: indented, the thousands of counts would be mostly blanks.
  const auto write = [&](const std::string& file, const char* what, const UnforkedText& list) {
    if (file.empty()) return;
    std::string text = to_line({{"schema_version", kSchemaVersion}, {"binary", binary_}});
    text.pop_back();
    write_atomically(file, fmt::format("{},\"{}\":[{}]}}\n", text, what, list.view()));
  };
  write(files_.histograms, "histograms", histograms_);
  write(files_.repetitions, "cases", cases_);
  if (files_.markers.empty()) return;
  Json markers = Json::array();
  for (const auto& [name, number] : markers_)
    markers.push_back({{"number", number}, {"case", name}});
  write_json(files_.markers,
             {{"schema_version", kSchemaVersion}, {"binary", binary_}, {"markers", markers}});
}

void Recorder::progress(std::string line) const {
  if (files_.progress_fd < 0) return;
  for (char& c : line)
    if (c == '\n') c = ' ';
  line += '\n';
  // Nobody listening is no reason to stop measuring.
  [[maybe_unused]] const auto ignored = ::write(files_.progress_fd, line.data(), line.size());
}

}  // namespace bench
