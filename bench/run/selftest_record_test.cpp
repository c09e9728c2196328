// The self-test's record: written, read back, refused when it is broken, shown.
#include "bench/run/selftest_record.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <random>

#include "bench/harness/environment.hpp"
#include "bench/run/unusable.hpp"

namespace bench::run {
namespace {

namespace fs = std::filesystem;
namespace stats = bench::statistics;

class SelfTestFile : public testing::Test {
 protected:
  SelfTestFile() { fs::create_directories(folder_); }
  ~SelfTestFile() override { fs::remove_all(folder_); }

  const fs::path folder_ =
      fs::temp_directory_path() / ("ipcmark-selftest-" + std::to_string(::getpid()));
  const fs::path file_ = folder_ / kSelfTestFile;
};

std::vector<stats::Process> processes(std::uint64_t seed, double factor, double tail) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(0, .01);
  std::vector<stats::Process> all(20);
  for (auto& one : all) {
    const double ns = 5000 * factor * std::exp(noise(random));
    one = {{.9 * ns, .9 * ns}, {ns, ns * std::exp(noise(random))}, {270, 270, 270}, tail * ns};
  }
  return all;
}

ControlRecord control(const std::string& family, double injected_percent, double claimed_percent) {
  const auto base = processes(3, 1, 2), slower = processes(4, 1 + injected_percent / 100, 2);
  const auto pairs = stats::differences(base, slower, stats::Estimator::typical, 0, 270);
  return {family, family + "/case", stats::Estimator::typical,
          stats::try_control(pairs, claimed_percent)};
}

SelfTestRecord a_record() {
  auto record = new_record({"default", 20, 8, 50, 100, {}}, read_environment());
  record.families.push_back({"latency/pipe/same_core", "latency/pipe/pipe/placement:same_core",
                             stats::study_family(processes(1, 1, 2), processes(2, 1, 2), {})});
  record.families.push_back({"throughput/pipe/same_core", "throughput/pipe/pipe/x",
                             stats::study_family(processes(5, 1, 0), processes(6, 1, 0), {})});
  record.controls.push_back(control("latency/pipe/same_core", 10, 10));
  return record;
}

TEST_F(SelfTestFile, IsReadBackAsItWasWritten) {
  const auto written = a_record();
  write_json(file_, to_json(written));
  const auto read = read_self_test(file_);
  EXPECT_EQ(read.date, written.date);
  EXPECT_FALSE(read.kernel_release.empty());
  EXPECT_EQ(read.machine, written.machine);
  EXPECT_EQ(read.machine, machine_identity(read_environment()));
  EXPECT_EQ(read.settings.window_ms, 50);
  EXPECT_EQ(read.settings.study.window, 20u);
  ASSERT_EQ(read.families.size(), 2u);
  const auto& before = written.families[0].study;
  const auto& after = read.families[0].study;
  EXPECT_EQ(after.chosen, before.chosen);
  for (const auto one : stats::kEstimators) {
    EXPECT_EQ(after.of(one)->pair_sd, before.of(one)->pair_sd);
    EXPECT_NEAR(after.of(one)->threshold(), before.of(one)->threshold(), 1e-12);
    EXPECT_EQ(after.of(one)->detectable_95_percent, before.of(one)->detectable_95_percent);
    EXPECT_EQ(after.of(one)->false_alarms.rate, before.of(one)->false_alarms.rate);
  }
  EXPECT_FALSE(read.find("throughput/pipe/same_core")->study.of(stats::Estimator::tail));
  EXPECT_FALSE(read.find("latency/queue/same_core"));
  ASSERT_EQ(read.controls.size(), 1u);
  EXPECT_TRUE(read.controls[0].control.holds_claim);
  EXPECT_NEAR(read.controls[0].control.interval->low, written.controls[0].control.interval->low,
              1e-12);
  EXPECT_EQ(to_text(read), to_text(written));
}

TEST_F(SelfTestFile, IsRefusedWithItsNameAndTheRemedyWhenItIsBroken) {
  const std::vector<std::pair<std::function<void(Json&)>, std::string>> faults{
      {[](Json& json) { json["schema_version"] = 2; }, "schema_version"},
      {[](Json& json) { json.erase("families"); }, "families"},
      {[](Json& json) { json["families"][0]["chosen"] = "mean"; }, "mean"},
      {[](Json& json) { json["families"][1]["chosen"] = "tail"; }, "chosen"},
      {[](Json& json) { json["families"][0]["anchor_floor_ns"] = nullptr; }, "null"},
      {[](Json& json) { json["families"][0]["anchor_floor_ns"] = 0; }, "anchor_floor_ns"},
      {[](Json& json) { json["families"][0]["estimators"]["quiet"]["false_alarms"]["rate"] = 2; },
       "rate"},
      {[](Json& json) { json["controls"][0]["p"] = -1; }, "p is not"},
      {[](Json& json) { json["controls"][0]["effect_percent"] = -100; }, "effect_percent"},
      {[](Json& json) { json["controls"][0]["found"] = "yes"; }, "boolean"}};
  const Json fine = to_json(a_record());
  for (const auto& [break_it, word] : faults) {
    Json broken = fine;
    break_it(broken);
    write_json(file_, broken);
    try {
      read_self_test(file_);
      FAIL() << word;
    } catch (const Unusable& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find(file_.string()), std::string::npos) << text;
      EXPECT_NE(text.find(word), std::string::npos) << text;
      EXPECT_NE(text.find("ipcmark selftest"), std::string::npos) << text;
    }
  }
  std::ofstream(file_) << "{";
  EXPECT_THROW(read_self_test(file_), Unusable);
  fs::remove(file_);
  EXPECT_THROW(read_self_test(file_), Unusable);
}

TEST(SelfTest, IsSoundWhileNoControlIsMissedAndFewAreOfAnotherSize) {
  auto record = a_record();
  const std::string family = "latency/pipe/same_core";
  EXPECT_EQ(verdict(record, record.controls[0]), ControlVerdict::found);
  record.controls.push_back(control(family, 0, 0.5));
  EXPECT_EQ(verdict(record, record.controls[1]), ControlVerdict::too_small);
  EXPECT_TRUE(is_sound(record));
  record.controls[1] = control(family, 0, 5);
  EXPECT_EQ(verdict(record, record.controls[1]), ControlVerdict::missed);
  EXPECT_FALSE(is_sound(record));
  record.controls[1] = control(family, 5, 20);
  EXPECT_EQ(verdict(record, record.controls[1]), ControlVerdict::wrong_size);
  EXPECT_TRUE(is_sound(record));  // by chance, one in twenty
  record.controls.push_back(control(family, 5, 20));
  record.controls.push_back(control(family, 5, 20));
  EXPECT_FALSE(is_sound(record));
}

TEST(SelfTest, IsUnsoundWhenTooManyComparisonsOfTheSameDiffer) {
  auto record = a_record();
  for (int i = 0; i < 20; ++i)
    record.families.push_back({"f" + std::to_string(i), "c",
                               stats::study_family(processes(7, 1, 2), processes(8, 1.05, 2), {})});
  EXPECT_GT(record.false_alarms().rate, .8);
  EXPECT_FALSE(is_sound(record));
}

TEST(SelfTest, ShowsALineAFamilyAndALineAControl) {
  auto record = a_record();
  record.controls.push_back(control("latency/pipe/same_core", 0, 5));
  const auto text = to_text(record);
  for (const char* part : {"20 pairs of processes a family; what 20 pairs can show",
                           "latency/pipe/same_core", "throughput/pipe/same_core", "+10.0 %",
                           "from 2 independent windows", "5 % by design", "MISSED"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(MachineIdentity, LeavesOutWhatTheMachineHides) {
  const auto hidden = machine_identity(
      Json{{"machine", {{"cpu_model", "EPYC"}, {"cpus", 2}, {"vendor", {{"unknown", "no"}}}}}});
  EXPECT_EQ(hidden, (MachineIdentity{"EPYC", 2, "", "", ""}));
}

}  // namespace
}  // namespace bench::run
