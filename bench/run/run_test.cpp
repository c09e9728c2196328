// The ipcmark command as a person uses it, over fake bench binaries.
#include <fstream>

#include "bench/run/fake_folder.hpp"
#include "ipc/os/error.hpp"

namespace bench::run::test {
namespace {

class Run : public WithFakes {
 protected:
  /// The command could not start: exit code 2, one line that says all these, nothing written.
  void expect_refused(const CommandResult& result, const std::vector<std::string>& words) {
    EXPECT_EQ(code_of(result), 2) << result.output << result.errors;
    EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
    for (const auto& word : words) EXPECT_TRUE(holds(result.errors, word));
  }
  void expect_bad(const std::string& argument, const std::vector<std::string>& words) {
    expect_not_begun(ipcmark({"run", "--preset=quick", "--out=" + out().string(), argument}),
                     words);
  }
  void expect_not_begun(const CommandResult& result, const std::vector<std::string>& words) {
    expect_refused(result, words);
    EXPECT_FALSE(fs::exists(out()));
  }
  void spoil(const std::string& file, const std::string& text) {
    std::ofstream(out() / file, std::ios::trunc) << text;
  }
};

TEST_F(Run, WritesAWholeRun) {
  const auto result = run_quick();
  EXPECT_EQ(code_of(result), 0) << result.errors;
  EXPECT_EQ(names_in(out()), whole_run());
  const Json run = record();
  EXPECT_EQ(run["status"], "complete");
  EXPECT_EQ(run["schema_version"], 1);
  EXPECT_EQ(run["rounds"], 2);
  EXPECT_EQ(run["repetitions"], 4);
  EXPECT_EQ(run["window_ms"], 12);
  EXPECT_TRUE(run["seed"].is_number_unsigned());
  EXPECT_EQ(run["binaries"],
            Json::array({"limits", "fork_cost", "latency", "throughput", "contention"}));
  EXPECT_EQ(run["cases"].size(), 5u);
  EXPECT_TRUE(run["not_measurable"].empty());
  EXPECT_TRUE(run["ended_at"].is_string());
  EXPECT_TRUE(holds(run["command"], "ipcmark run --preset=quick --rounds=2 --out="));
  EXPECT_TRUE(holds(result.output, "scripts/report " + out().string()));
  const Json environment = read_json(out() / "environment.json");
  EXPECT_TRUE(environment["start"]["machine"]["host_name"].is_string());
  EXPECT_EQ(environment["end"]["kernel"]["release"], environment["start"]["kernel"]["release"]);
  EXPECT_EQ(environment["start"]["binaries"]["latency"].get<std::string>().size(), 64u);
  EXPECT_EQ(environment["end"]["identity"], environment["start"]["identity"]);
  EXPECT_TRUE(environment["changes"].is_array()) << environment["changes"];
}

TEST_F(Run, DefaultPresetHoldsTheWholeMatrixAndNamesWhatCannotRun) {
  const auto result = ipcmark({"run", "--rounds=1", "--out", out().string()});
  EXPECT_EQ(code_of(result), 0) << result.errors;
  EXPECT_EQ(record()["cases"].size(), 10u);
  EXPECT_EQ(record()["not_measurable"].size(), 5u);
  EXPECT_EQ(record()["not_measurable"][0]["reason"], "not on this machine");
}

TEST_F(Run, TellsPlanBeforeAndOneLineARound) {
  const auto result = run_quick({"--filter=^latency/", "--seed=7"});
  EXPECT_TRUE(holds(result.output, "1 case, 2 processes each, 4 repetitions of 12 ms"));
  EXPECT_TRUE(holds(result.output, "seed 7"));
  EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 2) << result.errors;
  EXPECT_TRUE(holds(result.errors, "round 2/2: 1 of 1 cases"));
  EXPECT_FALSE(holds(result.errors, "\x1b"));
}

TEST_F(Run, AcceptsAnEmptyDirectoryAndMakesParents) {
  fs::create_directory(out());
  EXPECT_EQ(code_of(run_quick()), 0);
  const auto deep = folder_ / "a" / "b" / "c";
  EXPECT_EQ(code_of(ipcmark({"run", "--preset=quick", "--rounds=1", "--out", deep.string()})), 0);
  EXPECT_TRUE(fs::exists(deep / "run.json"));
}

TEST_F(Run, ListsFailedCasesAndExitsWithOne) {
  set("FAKE_FAIL", "latency/pipe/quick/size:64/placement:unpinned");
  const auto result = run_quick();
  EXPECT_EQ(code_of(result), 1);
  EXPECT_EQ(record()["status"], "complete");
  EXPECT_TRUE(holds(result.errors,
                    "failed latency/pipe/quick/size:64/placement:unpinned: "
                    "the peer: it is gone"));
  EXPECT_TRUE(holds(result.output, "1 case failed:"));
  EXPECT_TRUE(holds(result.output, "(in 2 of 2 rounds): the peer: it is gone"));
}

TEST_F(Run, GoesOnWithoutABinaryThatCrashesAndResumesIt) {
  set("FAKE_CRASH", "latency");
  const auto result = run_quick();
  EXPECT_EQ(code_of(result), 1);
  EXPECT_TRUE(holds(result.errors, "error: latency, round 1: ended early, killed by signal 6"));
  EXPECT_TRUE(holds(result.errors, "something went wrong"));
  EXPECT_EQ(record()["status"], "partial");
  EXPECT_EQ(names_in(out()).size(), 2u + 4 * 2 * 3);
  unset("FAKE_CRASH");
  EXPECT_EQ(code_of(resume()), 0);
  EXPECT_EQ(record()["status"], "complete");
  EXPECT_EQ(names_in(out()), whole_run());
}

/// The row of a binary's quick case in the first round.
Json row_of(const fs::path& run, const std::string& binary) {
  return read_json(run / (binary + ".1.json")).at("benchmarks").at(0);
}

TEST_F(Run, PutsTheFloorAndTheRatioToItBesideEachRow) {
  ASSERT_EQ(code_of(run_quick()), 0);
  const Json row = row_of(out(), "latency");
  EXPECT_EQ(row["floor"], "limits/pipe/quick/size:64/placement:unpinned");
  EXPECT_EQ(row["floor_ratio"], 1.5);
  EXPECT_FALSE(row_of(out(), "limits").contains("floor"));
}

TEST_F(Run, HasNoRatioToAFloorThatFailedOrWasNotAskedFor) {
  set("FAKE_FAIL", "limits/pipe/quick/size:64/placement:unpinned");
  ASSERT_EQ(code_of(run_quick()), 1);
  EXPECT_TRUE(row_of(out(), "latency").contains("floor"));
  EXPECT_FALSE(row_of(out(), "latency").contains("floor_ratio"));
  unset("FAKE_FAIL");
  fs::remove_all(out());
  ASSERT_EQ(code_of(run_quick({"--filter=^latency/"})), 0);
  EXPECT_FALSE(row_of(out(), "latency").contains("floor_ratio"));
}

TEST_F(Run, ResumeAddsTheRatiosWhenItMeasuresTheLimits) {
  set("FAKE_CRASH", "limits");
  EXPECT_EQ(code_of(run_quick()), 1);
  EXPECT_FALSE(row_of(out(), "contention").contains("floor_ratio"));
  unset("FAKE_CRASH");
  ASSERT_EQ(code_of(resume()), 0);
  EXPECT_EQ(row_of(out(), "contention")["floor_ratio"], 1.5);
}

TEST_F(Run, KillsABinaryThatHangsAndGoesOn) {
  set("FAKE_HANG", "throughput");
  const auto result = run_quick({"--stall-s=1"});
  EXPECT_EQ(code_of(result), 1);
  EXPECT_TRUE(holds(result.errors, "error: throughput, round 1: hung"));
  EXPECT_TRUE(fs::exists(out() / "contention.1.json"));
  EXPECT_FALSE(fs::exists(out() / "throughput.1.json"));
}

TEST_F(Run, NamesABinaryThatWritesNonsense) {
  for (const char* how :
       {"FAKE_BAD_JSON", "FAKE_BAD_HISTOGRAMS", "FAKE_BAD_REPETITIONS", "FAKE_NO_ROW"}) {
    set(how, "contention");
    const auto result = run_quick();
    EXPECT_EQ(code_of(result), 1) << how;
    EXPECT_TRUE(holds(result.errors, "error: contention, round 2: its ")) << how;
    EXPECT_EQ(names_in(out()).size(), 2u + 4 * 2 * 3) << how;
    unset(how);
    EXPECT_EQ(code_of(resume()), 0) << how;
    fs::remove_all(out());
  }
}

TEST_F(Run, RefusesADirectoryThatIsNotEmpty) {
  fs::create_directory(out());
  spoil("mine", "text");
  expect_refused(run_quick(), {out().string() + " is not empty", "--out"});
  EXPECT_EQ(names_in(out()), std::set<std::string>{"mine"});
}

TEST_F(Run, RefusesAPlaceThatCannotBeWritten) {
  expect_refused(ipcmark({"run", "--out=/proc/nowhere/run"}), {"/proc/nowhere/run", "--out"});
  expect_refused(ipcmark({"run", "--out=/dev/null"}), {"/dev/null is not a directory", "--out"});
  expect_refused(ipcmark({"run", "--out=/dev/null/x"}), {"/dev/null/x", "--out"});
}

TEST_F(Run, RefusesBadArguments) {
  expect_bad("--filter=(", {"--filter '('", "not a regular expression", "Unmatched ("});
  expect_bad("--filter=nothing", {"'nothing' matches no case", "ipcmark list"});
  expect_bad("--filter=/slow/", {"matches no case of preset quick"});
  expect_bad("--rounds=0", {"--rounds", "0 not in range"});
  expect_bad("--rounds=-1", {"--rounds", "-1 not in range"});
  expect_bad("--rounds=two", {"--rounds", "two"});
  expect_bad("--rounds=99999999999999999999", {"--rounds"});
  expect_bad("--window-ms=0", {"--window-ms", "not in range"});
  expect_bad("--nonsense", {"--nonsense"});
  expect_bad("--resume=here", {"--resume", "excludes"});
  expect_not_begun(ipcmark({"run", "--filter=/impossible/", "--out", out().string()}),
                   {"not on this machine"});
  expect_not_begun(ipcmark({"run", "--preset=huge", "--out", out().string()}),
                   {"--preset", "huge", "quick"});
}

TEST_F(Run, RefusesABrokenSetOfBinaries) {
  set("FAKE_BAD_CATALOGUE", "latency");
  expect_not_begun(run_quick(), {"the catalogue of latency cannot be read"});
  unset("FAKE_BAD_CATALOGUE");
  set("FAKE_DUPLICATE", "latency");
  expect_not_begun(run_quick(), {"latency/pipe/quick/size:64/placement:unpinned twice"});
  unset("FAKE_DUPLICATE");
  fs::remove(folder_ / "bin" / "throughput");
  expect_not_begun(run_quick(), {"no bench binary", "throughput", "--bench-dir"});
}

TEST_F(Run, ResumeRefusesWhatIsNoRun) {
  expect_refused(resume(), {"no run to continue in " + out().string(), "No such file"});
  ASSERT_EQ(code_of(run_quick({"--filter=latency"})), 0);
  const Json good = record();
  const auto expect_unchanged = [&](const std::string& text, std::vector<std::string> words) {
    spoil("run.json", text);
    const auto before = names_in(out());
    expect_refused(resume(), words);
    EXPECT_EQ(names_in(out()), before);
  };
  expect_unchanged("", {"run.json", "empty"});
  expect_unchanged(good.dump().substr(0, 100), {"run.json is not whole JSON"});
  expect_unchanged("[1]", {"schema version 1"});
  Json other = good;
  other["schema_version"] = 2;
  expect_unchanged(other.dump(), {"schema version 1"});
  other = good;
  other["git"]["sha"] = "0123";
  expect_unchanged(other.dump(), {"0123", "two builds"});
  other = good;
  other.erase("git");
  expect_unchanged(other.dump(), {"lacks"});
  other = good;
  other["rounds"] = "many";
  expect_unchanged(other.dump(), {"run.json lacks"});
  other = good;
  other["cases"].push_back("latency/unheard/of");
  expect_unchanged(other.dump(), {"plans 2 cases, this build knows 1"});
}

TEST_F(Run, ResumeRefusesAnotherMachine) {
  ASSERT_EQ(code_of(run_quick({"--filter=latency"})), 0);
  Json environment = read_json(out() / "environment.json");
  environment["start"]["identity"]["key"] = "Abacus 3";
  spoil("environment.json", environment.dump());
  expect_refused(resume(), {"another machine", "Abacus 3"});
  fs::remove(out() / "environment.json");
  expect_refused(resume(), {"environment.json"});
}

TEST_F(Run, ResumeMeasuresOnlyWhatIsMissing) {
  ASSERT_EQ(code_of(run_quick()), 0);
  const auto kept = fs::last_write_time(out() / "latency.1.json");
  fs::remove(out() / "latency.2.json");
  spoil("contention.1.json", "{");
  const auto result = resume();
  EXPECT_EQ(code_of(result), 0) << result.errors;
  EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 2) << result.errors;
  EXPECT_EQ(names_in(out()), whole_run());
  EXPECT_EQ(fs::last_write_time(out() / "latency.1.json"), kept);
}

TEST_F(Run, ResumeLeavesACompleteRunAsItIs) {
  ASSERT_EQ(code_of(run_quick()), 0);
  const auto before = record();
  EXPECT_EQ(code_of(resume()), 0);
  EXPECT_EQ(record(), before);
}

TEST_F(Run, ChoosesANameOfItsOwnWithoutOut) {
  auto words = command({"run", "--preset=quick", "--rounds=1"});
  std::string line = "cd '" + folder_.string() + "' &&";
  for (const auto& word : words) line += " '" + word + "'";
  const auto result =
      run_command({"sh", "-c", line}, ipc::os::Deadline::after(std::chrono::seconds(50)));
  EXPECT_EQ(code_of(result), 0) << result.errors;
  EXPECT_TRUE(holds(result.output, "writing to runs/"));
  EXPECT_EQ(names_in(folder_ / "runs").size(), 1u);
}

class Versus : public Run {
 protected:
  void SetUp() override {
    Run::SetUp();
    fs::create_directory(other());
    for (const auto binary : kBinaries)
      fs::create_symlink(own_folder() / "ipcmark_fake_bench", other() / binary);
  }
  fs::path other() const { return folder_ / "other"; }
  /// "FOLDER CASE" of every turn, in order.
  std::vector<std::string> turns() const {
    std::ifstream log(folder_ / "log");
    std::vector<std::string> lines;
    for (std::string line; std::getline(log, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(Versus, MeasuresBothSidesOfACaseDirectlyAfterEachOther) {
  set("FAKE_LOG", (folder_ / "log").string());
  const auto result = run_quick({"--versus=" + other().string(), "--seed=3"});
  ASSERT_EQ(code_of(result), 0) << result.errors;
  for (const char* side : {"base", "versus"})
    EXPECT_EQ(names_in(out() / side), whole_run()) << side;
  EXPECT_EQ(read_json(out() / "base" / "run.json")["pair"], "../versus");
  EXPECT_EQ(read_json(out() / "versus" / "run.json")["bundle"], other().string());
  const auto all = turns();
  ASSERT_EQ(all.size(), 20u) << "5 cases, 2 sides, 2 rounds";
  std::set<std::string> firsts, orders;
  for (std::size_t i = 0; i < all.size(); i += 2) {
    const auto cut = [](const std::string& line) { return line.find(' '); };
    EXPECT_EQ(all[i].substr(cut(all[i])), all[i + 1].substr(cut(all[i + 1])));
    EXPECT_NE(all[i].substr(0, cut(all[i])), all[i + 1].substr(0, cut(all[i + 1])));
    firsts.insert(all[i].substr(0, cut(all[i])));
    orders.insert(all[i].substr(cut(all[i])));
  }
  EXPECT_EQ(firsts.size(), 2u) << "either side comes first at times";
  EXPECT_EQ(orders.size(), 5u);
  EXPECT_TRUE(holds(result.output, "0 starred before correction"));
}

TEST_F(Versus, ResumesBothSides) {
  ASSERT_EQ(code_of(run_quick({"--versus=" + other().string()})), 0);
  fs::remove(out() / "versus" / "latency.2.json");
  set("FAKE_LOG", (folder_ / "log").string());
  EXPECT_EQ(code_of(resume()), 0);
  EXPECT_EQ(turns(),
            std::vector<std::string>{"other latency/pipe/quick/size:64/placement:unpinned"});
  EXPECT_EQ(names_in(out() / "versus"), whole_run());
}

TEST_F(Versus, RefusesABundleThatIsNone) {
  fs::remove(other() / "latency");
  expect_not_begun(run_quick({"--versus=" + other().string()}), {"no bench binary", "latency"});
  expect_not_begun(run_quick({"--versus=/nowhere"}), {"no bench binary /nowhere/limits"});
}

TEST_F(Run, PathSaysThatItsClockCountsInstructionsAndWhatIsOurOwn) {
  const auto result = ipcmark(
      {"run", "--preset=path", "--clock=instructions", "--markers", "--out", out().string()});
  EXPECT_EQ(code_of(result), 0) << result.errors;
  EXPECT_TRUE(holds(result.output, "5 cases, 1 process each, 3 repetitions of each case's own"));
  EXPECT_TRUE(holds(result.output, "ns are executed instructions"));
  const Json run = record();
  EXPECT_EQ(run["preset"], "path");
  EXPECT_EQ(run["clock"], "instructions");
  EXPECT_EQ(run["markers"], true);
  EXPECT_EQ(run["seed"], 1);
  const Json latency = read_json(out() / "latency.1.json");
  for (const Json& row : latency["benchmarks"]) {
    EXPECT_EQ(row["clock"], "instructions");
    EXPECT_EQ(row["bare"], "limits/pipe/quick/size:64/placement:unpinned");
    EXPECT_EQ(row["own"], 1.0);
  }
  EXPECT_EQ(code_of(resume()), 0);
}

TEST_F(Run, RefusesWhatPathAndItsClockCannotGoWith) {
  const auto refused = [&](std::vector<std::string> arguments, const char* word) {
    arguments.insert(arguments.begin(), {"run", "--out=" + out().string()});
    expect_not_begun(ipcmark(arguments), {word, "path"});
  };
  refused({"--preset=path", "--window-ms=5"}, "--window-ms");
  refused({"--preset=path", "--warmup-ms=5"}, "--warmup-ms");
  refused({"--preset=path", "--anchor-us=5"}, "--anchor-us");
  refused({"--preset=quick", "--clock=instructions"}, "--clock");
  refused({"--preset=quick", "--markers"}, "--markers");
  expect_bad("--clock=sundial", {"--clock", "sundial"});
}

TEST_F(Run, ListShowsEveryCaseAndWhySomeCannotRun) {
  const auto text = ipcmark({"list"});
  EXPECT_EQ(code_of(text), 0) << text.errors;
  EXPECT_TRUE(holds(text.output, "latency of pipe\n"));
  EXPECT_TRUE(holds(text.output, "[cannot run here: not on this machine]"));
  EXPECT_TRUE(
      holds(text.output,
            "15 cases: 10 can run here (5 of them in the preset quick, 5 in the preset path)"));
  const auto json = ipcmark({"list", "--json", "--filter", "^latency/.*impossible"});
  EXPECT_EQ(Json::parse(json.output)["cases"][0]["reason"], "not on this machine");
  expect_refused(ipcmark({"list", "--filter=["}), {"not a regular expression"});
  expect_refused(ipcmark({"list", "--filter=nothing"}), {"matches no case"});
}

TEST_F(Run, SaysItsVersionAndItsHelp) {
  const std::string program = (own_folder() / "ipcmark").string();
  const auto soon = ipc::os::Deadline::after(std::chrono::seconds(50));
  EXPECT_TRUE(holds(run_command({program, "--version"}, soon).output, "ipcmark 0."));
  EXPECT_TRUE(holds(run_command({program, "--help"}, soon).output, "check"));
  const std::string help = run_command({program, "run", "--help"}, soon).output;
  EXPECT_TRUE(holds(help, "  --resume RUN  ")) << help;
  EXPECT_TRUE(holds(help, "  --clock {wall,instructions}  ")) << help;
  EXPECT_TRUE(holds(help, "(1 to 86400; default: 60)")) << help;
  expect_refused(run_command({program}, soon), {"subcommand"});
}

TEST_F(Run, CheckPrintsEveryFindingAsJson) {
  const std::string program = (own_folder() / "ipcmark").string();
  const auto result =
      run_command({program, "check", "--json"}, ipc::os::Deadline::after(std::chrono::seconds(50)));
  EXPECT_GT(Json::parse(result.output)["findings"].size(), 20u);
}

}  // namespace
}  // namespace bench::run::test
