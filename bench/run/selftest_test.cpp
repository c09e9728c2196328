// The self-test as a person uses it, over fake bench binaries, and once over the real ones.
#include "bench/run/selftest.hpp"

#include <fstream>

#include "bench/run/fake_folder.hpp"

namespace bench::run::test {
namespace {

class SelfTestCommand : public WithFakes {
 protected:
  void SetUp() override {
    WithFakes::SetUp();
    set("FAKE_PLACEMENT", "same_core");
  }
  fs::path result() const { return folder_ / "runs" / kSelfTestFile; }
  CommandResult self_test(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"selftest", "--quick", "--seed=1", "--out=" + result().string()});
    return ipcmark(more);
  }
  void expect_refused(const CommandResult& refused, const std::string& word) const {
    EXPECT_EQ(code_of(refused), 2) << refused.output;
    EXPECT_EQ(std::count(refused.errors.begin(), refused.errors.end(), '\n'), 1) << refused.errors;
    EXPECT_TRUE(holds(refused.errors, word));
    EXPECT_FALSE(fs::exists(result()));
  }
};

TEST_F(SelfTestCommand, FindsWhatWasMadeSlowerAndLeavesOnlyItsResult) {
  const auto done = self_test();
  EXPECT_EQ(code_of(done), 0) << done.output << done.errors;
  EXPECT_EQ(names_in(folder_ / "runs"), std::set<std::string>{kSelfTestFile});
  const auto record = read_self_test(result());
  EXPECT_EQ(record.families.size(), 5u);
  EXPECT_TRUE(record.find("throughput/pipe/same_core"));
  ASSERT_EQ(record.controls.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& one = record.controls[i];
    EXPECT_EQ(one.family, "latency/pipe/same_core");
    EXPECT_EQ(one.injected_percent, (std::array{2.0, 5.0, 10.0, 20.0})[i]);
    EXPECT_EQ(one.control.pairs, 8u);
    EXPECT_EQ(verdict(record, one), ControlVerdict::found);
  }
  EXPECT_TRUE(holds(done.output, "5 families, 8 pairs of processes each"));
  EXPECT_TRUE(holds(done.output, "1 control made slower by 2, 5, 10, 20 %"));
  EXPECT_TRUE(holds(done.output, "were expected"));
  EXPECT_LT(done.output.find("about"), done.output.find("The same against the same"));
}

TEST_F(SelfTestCommand, IsNotSoundWhenAControlIsMissed) {
  set("FAKE_DULL", "latency");
  const auto done = self_test();
  EXPECT_EQ(code_of(done), 1) << done.output;
  EXPECT_TRUE(holds(done.output, "MISSED"));
  EXPECT_TRUE(holds(done.output, "NOT SOUND"));
  EXPECT_FALSE(is_sound(read_self_test(result())));
}

TEST_F(SelfTestCommand, TriesAControlAgainWithOtherPairs) {
  const auto done = self_test({"--no-families", "--tries=3", "--percent=5", "--pairs=6"});
  EXPECT_EQ(code_of(done), 0) << done.output << done.errors;
  EXPECT_TRUE(holds(done.output, "latency/pipe/same_core +5 %: found in 3 of 3 tries"));
  const auto record = read_self_test(result());
  EXPECT_EQ(record.families.size(), 1u);
  ASSERT_EQ(record.controls.size(), 3u);
  EXPECT_EQ(record.controls[2].attempt, 3);
  EXPECT_NE(record.controls[0].control.effect, record.controls[1].control.effect);
}

TEST_F(SelfTestCommand, KeepsTheRunsWhereItIsAsked) {
  const auto kept = folder_ / "kept";
  ASSERT_EQ(code_of(self_test({"--keep", kept.string(), "--pairs=6", "--percent=2.5"})), 0);
  EXPECT_EQ(names_in(kept / "1"), (std::set<std::string>{"a", "b", "plus0", "plus2.5"}));
  EXPECT_EQ(read_json(kept / "1" / "plus2.5" / "run.json")["cases"].size(), 1u);
  EXPECT_EQ(read_json(kept / "1" / "a" / "run.json")["status"], "complete");
  fs::remove(result());
  expect_refused(self_test({"--keep", kept.string()}), "not empty");
}

TEST_F(SelfTestCommand, WritesNoResultWhenABinaryDies) {
  set("FAKE_CRASH", "latency");
  const auto done = self_test({"--pairs=6"});
  EXPECT_EQ(code_of(done), 1) << done.output;
  EXPECT_TRUE(holds(done.output, "no result was written"));
  EXPECT_FALSE(fs::exists(folder_ / "runs"));
}

TEST_F(SelfTestCommand, LeavesTheFamilyOfACaseOutThatFails) {
  set("FAKE_FAIL", "throughput/pipe/quick/size:64/placement:same_core");
  const auto done = self_test({"--pairs=6"});
  EXPECT_EQ(code_of(done), 1) << done.output;
  EXPECT_TRUE(holds(done.output, "no pair of throughput/pipe/quick"));
  EXPECT_EQ(read_self_test(result()).families.size(), 4u);
}

TEST_F(SelfTestCommand, RefusesWhatCannotBe) {
  expect_refused(self_test({"--filter=no/such"}), "no/such");
  expect_refused(self_test({"--pairs=5"}), "--pairs");
  expect_refused(self_test({"--preset=rigorous"}), "--preset");
  std::ofstream(folder_ / "file") << "x";
  expect_refused(ipcmark({"selftest", "--out", (folder_ / "file" / "s.json").string()}), "--out");
  expect_refused(ipcmark({"selftest", "--out", folder_.string()}), "--out");
  EXPECT_FALSE(fs::exists(folder_ / "runs"));
}

TEST_F(SelfTestCommand, IsWhatALaterRunBesideItIsJudgedBy) {
  ASSERT_EQ(code_of(self_test()), 0);
  const auto run = folder_ / "runs" / "mine";
  const std::vector<std::string> words{"run", "--preset=quick", "--rounds=1", "--filter=^latency/"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    return ipcmark(more);
  };
  ASSERT_EQ(code_of(with({"--out", run.string()})), 0);
  const Json judged = read_json(run / "run.json");
  const auto tested = read_self_test(result());
  const auto& study = tested.find("latency/pipe/same_core")->study;
  EXPECT_EQ(judged["selftest"]["file"], result().string());
  EXPECT_EQ(judged["selftest"]["date"], tested.date);
  EXPECT_EQ(judged["estimators"]["latency/pipe/same_core"]["estimator"],
            statistics::name(study.chosen));

  ASSERT_EQ(code_of(with({"--out", out().string(), "--selftest", result().string()})), 0);
  EXPECT_EQ(record()["selftest"]["date"], tested.date);
  fs::remove_all(out());

  Json foreign = read_json(result());
  foreign["machine"]["key"] = "another";
  write_json(result(), foreign);
  const auto told = with({"--out", out().string(), "--selftest", result().string()});
  EXPECT_EQ(code_of(told), 0);
  EXPECT_TRUE(holds(told.output, "is of another machine"));
  EXPECT_TRUE(record()["selftest"].is_null());
  EXPECT_EQ(record()["estimators"]["latency/pipe/same_core"]["estimator"], "quiet");
  EXPECT_NEAR(record()["estimators"]["latency/pipe/same_core"]["threshold_percent"].get<double>(),
              2, 1e-9);
  fs::remove_all(out());

  EXPECT_EQ(code_of(with({"--out", out().string(), "--selftest", "none.json"})), 2);
  EXPECT_FALSE(fs::exists(out()));
}

TEST(SelfTestOfRealBinaries, FindsThatARoundTripTakesTwiceAsLong) {
  const auto folder = fs::read_symlink("/proc/self/exe").parent_path();
  const auto result =
      fs::temp_directory_path() / ("ipcmark-real-" + std::to_string(::getpid()) + ".json");
  const auto done = run_command(
      {(folder / "ipcmark").string(), "selftest", "--quick", "--no-families", "--percent=100",
       "--pairs=12", "--filter=latency/pipe/pipe/size:64/placement:same_core",
       "--out=" + result.string()},
      ipc::os::Deadline::after(std::chrono::seconds(100)));
  EXPECT_TRUE(done.finished && done.status.exited()) << done.output << done.errors;
  const auto record = read_self_test(result);
  fs::remove(result);
  ASSERT_EQ(record.controls.size(), 1u);
  EXPECT_TRUE(record.controls[0].control.found) << done.output;
}

Case a_case(const std::string& name, bool quick, double setup_ms = 0) {
  Case one;
  one.name = name;
  const auto part = [&](std::size_t begin) {
    return name.substr(begin, name.find('/', begin) - begin);
  };
  one.measure = part(0);
  one.noun = part(one.measure.size() + 1);
  one.backend = part(one.measure.size() + one.noun.size() + 2);
  one.placement = name.substr(name.rfind(':') + 1);
  one.quick = quick;
  one.setup_ms = setup_ms;
  return one;
}

TEST(Representatives, AreOfTheUsualBackendAndTheQuickPresetsParameters) {
  Catalogue all{a_case("latency/pipe/fifo/size:64/placement:same_core", true),
                a_case("latency/pipe/pipe/size:8/placement:same_core", false),
                a_case("latency/pipe/pipe/size:64/placement:same_core", true),
                a_case("latency/pipe/pipe/size:8/placement:unpinned", false),
                a_case("latency/pipe/pipe/size:64/placement:unpinned", false),
                a_case("contention/semaphore/posix/processes:1/placement:same_core", true),
                a_case("contention/semaphore/posix/processes:2/placement:same_core", true),
                a_case("contention/semaphore/posix/processes:4/placement:same_core", true),
                a_case("limits/copy/one/size:1/placement:same_core", true),
                a_case("limits/copy/one/size:9/placement:same_core", true, 8),
                a_case("limits/copy/two/size:1/placement:same_core", true),
                a_case("lifecycle/queue/shm_ring/placement:same_core", true),
                a_case("lifecycle/queue/sysv/placement:same_core", true)};
  all[11].reason = "not here";
  std::vector<std::string> names;
  for (const Case& one : representatives(all)) names.push_back(one.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"latency/pipe/pipe/size:64/placement:same_core",
                                      "latency/pipe/pipe/size:64/placement:unpinned",
                                      "contention/semaphore/posix/processes:2/placement:same_core",
                                      "limits/copy/one/size:1/placement:same_core",
                                      "lifecycle/queue/sysv/placement:same_core"}));
}

}  // namespace
}  // namespace bench::run::test
