// The self-test: what this machine's noise does to comparisons, and whether changes that were made
// on purpose are seen.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/run/campaign.hpp"
#include "bench/run/selftest_record.hpp"
#include "bench/run/session.hpp"

namespace bench::run {

/// What a self-test is to do.
struct SelfTestRequest {
  std::filesystem::path bundle;  ///< the folder of the bench binaries
  Settings process;              ///< of every process; `rounds` are the pairs of a comparison
  bool quick = false;            ///< only families that the quick preset holds, bound to CPUs
  bool families = true;          ///< else only those that the controls need
  int tries = 1;                 ///< of the controls, each with pairs of its own
  std::vector<double> percents{2, 5, 10, 20};  ///< by how much the controls are made slower
  std::string command;                         ///< as typed, for the records of the runs
};

/// The request of `--quick`, or the usual one; the bundle, the seed and the command are left out.
SelfTestRequest self_test_request(bool quick);

/// One case for each family of the catalogue that can run here: of the backend that programs
/// should take first (the library's default, or the plainest), and of its parameters those of the
/// quick preset, as few as can be. Where there is no such case, the first of the catalogue.
std::vector<Case> representatives(const Catalogue& catalogue);

/// Whether the cases of this one's family can be made slower on purpose, and are.
bool is_positive_control(const Case& one);

/// A self-test before it begins.
class SelfTest {
 public:
  /// Asks the bundle what it can measure. Throws Unusable, also when nothing is left to test.
  explicit SelfTest(SelfTestRequest request);

  [[nodiscard]] const std::vector<Case>& cases() const { return cases_; }
  [[nodiscard]] const std::vector<Case>& controls() const { return controls_; }
  [[nodiscard]] std::chrono::milliseconds predicted() const;

  struct Outcome {
    std::vector<Result> results;           ///< of every try that was begun
    std::optional<SelfTestRecord> record;  ///< when all were measured
    std::vector<std::string> notes;        ///< what a person should know of it

    /// ExitCode, or 128 + signal.
    [[nodiscard]] int exit_code() const;
  };
  /// Measures into new run directories in the folder: <try>/a, b (in the first one) and
  /// plus<percent>.
  Outcome run(const std::filesystem::path& folder, std::chrono::milliseconds patience,
              Interruption& interruption) const;

 private:
  /// What is measured in turn in a try: the same twice in the first one, and the controls without
  /// a delay and with each. The first side holds the cases of all.
  struct SidePlan {
    std::string name;
    double percent = 0;
    Plan plan;
  };
  [[nodiscard]] std::vector<SidePlan> sides_of(int attempt) const;
  Result measure(const std::vector<SidePlan>& sides, std::vector<Member>& members,
                 std::chrono::milliseconds patience, Interruption& interruption) const;
  void study_families(const std::vector<Member>& members, Outcome& outcome) const;
  void try_controls(int attempt, const std::vector<SidePlan>& sides,
                    const std::vector<Member>& members, SelfTestRecord& record) const;

  SelfTestRequest request_;
  std::vector<Case> cases_;
  std::vector<Case> controls_;
};

}  // namespace bench::run
