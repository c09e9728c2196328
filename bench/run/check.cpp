#include "bench/run/check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/harness/environment.hpp"
#include "bench/run/rules.hpp"

namespace bench::run {

namespace {

constexpr const char* kGradeNames[] = {"ok", "unknown", "warn", "block"};

const char* name_of(Grade grade) {
  return kGradeNames[static_cast<int>(grade)];
}

Finding apply(const Rule& rule, const Json& environment) {
  const Json& fact = known_fact(environment, rule.group, rule.key);
  if (fact.is_null())
    return {Grade::kUnknown, rule.topic, why_unknown(environment, rule.group, rule.key),
            rule.effect, rule.remedy};
  const Verdict verdict = rule.judge(fact, environment);
  return {verdict.grade, rule.topic, verdict.found, rule.effect, rule.remedy};
}

}  // namespace

std::vector<Finding> findings(const Json& environment) {
  std::vector<Finding> all;
  for (const auto& rule : rules()) all.push_back(apply(rule, environment));
  return all;
}

std::size_t count(const std::vector<Finding>& findings, Grade grade) {
  return static_cast<std::size_t>(std::count_if(
      findings.begin(), findings.end(), [&](const Finding& one) { return one.grade == grade; }));
}

std::string to_text(const std::vector<Finding>& findings, bool verbose) {
  std::string text;
  for (const auto& one : findings) {
    const bool matters = one.grade >= Grade::kWarn;
    if (!matters && !verbose) continue;
    text += fmt::format("{:<8}{}: {}", name_of(one.grade), one.topic, one.found);
    if (matters) text += fmt::format("; {}; fix: {}", one.effect, one.remedy);
    text += '\n';
  }
  return text + fmt::format("{} checks: {} block, {} warn, {} not known here\n", findings.size(),
                            count(findings, Grade::kBlock), count(findings, Grade::kWarn),
                            count(findings, Grade::kUnknown));
}

Json to_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const auto& one : findings)
    list.push_back({{"grade", name_of(one.grade)},
                    {"topic", one.topic},
                    {"found", one.found},
                    {"effect", one.effect},
                    {"remedy", one.remedy}});
  return Json{{"findings", std::move(list)}};
}

}  // namespace bench::run
