// The facts of the machine, and how they are read.
#include "bench/harness/environment.hpp"

#include <sys/utsname.h>

#include <fstream>

#include "bench/harness/build_info.hpp"
#include "bench/harness/fact.hpp"
#include "bench/harness/machine_facts.hpp"
#include "ipc/os/test_support.hpp"

namespace bench {
namespace {

class Environment : public ipc::test::LeavesNothing {};

bool is_scalar(const Json& value) {
  return value.is_string() || value.is_number() || value.is_boolean();
}

bool is_fact(const Json& value) {
  if (value.is_object()) return value.size() == 1 && value.value("unknown", "") != "";
  if (value.is_array()) return std::all_of(value.begin(), value.end(), is_scalar);
  return is_scalar(value);
}

TEST_F(Environment, HoldsScalarsListsAndReasonsOnly) {
  const Json groups = read_environment();
  for (const char* group : {"machine", "topology", "kernel", "scheduler", "cpu_power", "clock",
                            "memory", "limits", "container", "load", "build"})
    EXPECT_TRUE(groups.contains(group)) << group;
  for (const auto& [group, facts] : groups.items())
    for (const auto& [key, value] : facts.items())
      EXPECT_TRUE(is_fact(value)) << group << "." << key << ": " << value;
}

TEST_F(Environment, KnowsWhatEveryLinuxTells) {
  const Json groups = read_environment();
  utsname name{};
  ASSERT_EQ(::uname(&name), 0);
  EXPECT_EQ(known_fact(groups, "kernel", "release"), name.release);
  EXPECT_EQ(known_fact(groups, "machine", "host_name"), name.nodename);
  EXPECT_GE(known_fact(groups, "machine", "cpus"), 1);
  EXPECT_GT(known_fact(groups, "clock", "read_ns"), 0);
  EXPECT_EQ(known_fact(groups, "build", "git_sha"), build_info().git_sha);
}

TEST(Facts, KnownFactIsNullForWhatIsHidden) {
  const Json groups = Json::parse(R"({"a": {"b": {"unknown": "why"}, "c": 1}})");
  EXPECT_TRUE(known_fact(groups, "a", "b").is_null());
  EXPECT_TRUE(known_fact(groups, "a", "x").is_null());
  EXPECT_TRUE(known_fact(groups, "x", "b").is_null());
  EXPECT_EQ(known_fact(groups, "a", "c"), 1);
}

class File : public ipc::test::LeavesNothing {
 protected:
  std::string with(const std::string& text) {
    std::ofstream(path_) << text;
    return path_;
  }
  void TearDown() override {
    std::filesystem::remove(path_);
    LeavesNothing::TearDown();
  }
  std::string path_ =
      std::filesystem::temp_directory_path() / ("ipcmark_fact." + std::to_string(::getpid()));
};

TEST_F(File, ReadersTakeTheShapesOfProcAndSys) {
  EXPECT_EQ(line_of(with("first \nsecond\n"))(), "first");
  EXPECT_EQ(line_of(with(""))(), "");
  EXPECT_EQ(number_of(with("12.75 3\n"))(), 12);
  EXPECT_EQ(numbers_of(with("250\t32000 32 128\n"))(), Json::array({250, 32000, 32, 128}));
  EXPECT_EQ(choice_of(with("always [madvise] never\n"))(), "madvise");
  EXPECT_EQ(choice_of(with("voluntary\n"))(), "voluntary");
  EXPECT_EQ(field_of(with("MemTotal:  2 kB\nSeccomp:\t2\n"), "MemTotal")(), 2048);
  EXPECT_EQ(field_of(with("MemTotal:  2 kB\nSeccomp:\t2\n"), "Seccomp")(), 2);
  EXPECT_EQ(field_of(with("model name\t: Abacus 3\n"), "model name")(), "Abacus 3");
}

TEST_F(File, WhatCannotBeReadGivesItsReason) {
  EXPECT_EQ(fact_or_reason(line_of("/nowhere/x")),
            unknown("read /nowhere/x: No such file or directory"));
  EXPECT_EQ(fact_or_reason(number_of(with("many\n"))), unknown(path_ + " holds no number"));
  EXPECT_EQ(fact_or_reason(field_of(with("a: 1\n"), "b")), unknown("no b in " + path_));
}

}  // namespace
}  // namespace bench
