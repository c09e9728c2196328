// What differs between two sides, on literal environments.
#include "bench/run/side_by_side.hpp"

#include <gtest/gtest.h>

#include "bench/harness/environment.hpp"

namespace bench::run {
namespace {

Json of(const char* text) {
  return Json::parse(text);
}

struct Sample {
  const char* a;
  const char* b;
  Grade grade;
  const char* topic;
  const char* found;
};

class Sides : public testing::TestWithParam<Sample> {};

TEST_P(Sides, AreGradedByWhatDiffers) {
  const auto& [a, b, grade, topic, found] = GetParam();
  const auto all = differences(of(a), of(b));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].grade, grade);
  EXPECT_EQ(all[0].topic, topic);
  EXPECT_EQ(all[0].found, found);
  EXPECT_FALSE(all[0].effect.empty() || all[0].remedy.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Facts, Sides,
    testing::Values(
        Sample{R"({"memory": {"thp": "always"}})", R"({"memory": {"thp": "never"}})", Grade::kBlock,
               "memory.thp", "always on one side, never on the other"},
        Sample{R"({"memory": {"aslr": 2}})", R"({"memory": {"aslr": 0}})", Grade::kBlock,
               "memory.aslr", "2 on one side, 0 on the other"},
        Sample{R"({"vulnerabilities": {"meltdown": "Mitigation: PTI"}})",
               R"({"vulnerabilities": {"meltdown": "Vulnerable"}})", Grade::kBlock,
               "vulnerabilities.meltdown", "Mitigation: PTI on one side, Vulnerable on the other"},
        Sample{R"({"boot": {"cmdline": "quiet"}})", R"({"boot": {"cmdline": "mitigations=off"}})",
               Grade::kBlock, "boot.cmdline", "quiet on one side, mitigations=off on the other"},
        Sample{R"({"cpu_power": {"idle_governor": "menu"}})",
               R"({"cpu_power": {"idle_governor": "teo"}})", Grade::kBlock,
               "cpu_power.idle_governor", "menu on one side, teo on the other"},
        Sample{R"({"machine": {"microcode": "0x1"}})", R"({"machine": {"microcode": "0x2"}})",
               Grade::kBlock, "machine.microcode", "0x1 on one side, 0x2 on the other"},
        Sample{R"({"kernel": {"config": ["CONFIG_HZ=250", "CONFIG_PREEMPT=y"]}})",
               R"({"kernel": {"config": ["CONFIG_HZ=1000", "CONFIG_PREEMPT=y"]}})", Grade::kBlock,
               "kernel.config", "CONFIG_HZ=250 on one side, CONFIG_HZ=1000 on the other"},
        Sample{R"({"binaries": {"latency": "00"}})", R"({"binaries": {"latency": "ff"}})",
               Grade::kBlock, "binaries.latency", "00 on one side, ff on the other"},
        Sample{R"({"identity": {"cpu_model": "X1", "key": "X1"}})",
               R"({"identity": {"cpu_model": "X2", "key": "X2"}})", Grade::kBlock,
               "identity.cpu_model", "X1 on one side, X2 on the other"},
        Sample{R"({"limits": {"msgmax": 8192}})", R"({"limits": {"msgmax": 65536}})", Grade::kWarn,
               "limits.msgmax", "8192 on one side, 65536 on the other"},
        Sample{R"({"scheduler": {"preempt": "full"}})",
               R"({"scheduler": {"preempt": {"unknown": "not permitted"}}})", Grade::kUnknown,
               "scheduler.preempt", "full on one side, unknown on the other"},
        Sample{R"({})", R"({"scheduler": {"preempt": "full"}})", Grade::kUnknown,
               "scheduler.preempt", "full on one side, unknown on the other"}));

TEST(SideBySide, WhatIsAlikeOrOfTheMomentIsLeftOut) {
  EXPECT_TRUE(differences(of(R"({"memory": {"thp": "never"}, "kernel": {"uname": "a"},
                                 "load": {"average": [1]}, "interrupts": {"LOC": 1},
                                 "boot": {"boot_id": "a"}, "clock": {"utc": "then"}})"),
                          of(R"({"memory": {"thp": "never"}, "kernel": {"uname": "b"},
                                 "load": {"average": [2]}, "interrupts": {"LOC": 2},
                                 "boot": {"boot_id": "b"}, "clock": {"utc": "now"}})"))
                  .empty());
}

TEST(SideBySide, ThePathOfTheKernelIsNoDifferenceOfTheCommandLine) {
  EXPECT_TRUE(
      differences(of(R"({"boot": {"cmdline": "BOOT_IMAGE=/vmlinuz-6.1 initrd=/i-6.1 quiet"}})"),
                  of(R"({"boot": {"cmdline": "BOOT_IMAGE=/vmlinuz-6.12 initrd=/i-6.12 quiet"}})"))
          .empty());
}

TEST(SideBySide, ALongLineIsToldByTheWordsThatDiffer) {
  const std::string words(80, 'x');
  const auto all = differences({{"boot", {{"cmdline", words + " quiet mitigations=off"}}}},
                               {{"boot", {{"cmdline", words + " quiet"}}}});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].found, "mitigations=off on one side, nothing more on the other");
}

TEST(SideBySide, WhatIsDeclaredIsUnderTest) {
  const Json a = of(R"({"kernel": {"release": "6.1"}, "memory": {"thp": "always", "aslr": 2}})");
  const Json b = of(R"({"kernel": {"release": "6.12"}, "memory": {"thp": "never", "aslr": 1}})");
  const auto all = differences(a, b, {"kernel", "memory.thp"});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].topic, "memory.aslr");  // the gravest first
  EXPECT_EQ(count(all, Grade::kBlock), 1u);
  EXPECT_EQ(count(all, Grade::kOk), 2u);
}

TEST(SideBySide, OneMachineDiffersFromItselfInNothing) {
  EXPECT_TRUE(differences(read_environment(), read_environment()).empty());
}

}  // namespace
}  // namespace bench::run
