#include "bench/run/side_by_side.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "bench/harness/fact_table.hpp"
#include "bench/run/rules.hpp"

namespace bench::run {

namespace {

constexpr std::size_t kLongText = 60;

Json words_of(const Json& fact) {
  return fact.is_array() ? fact : Json(split(text_of(fact), ' '));
}

/// The value without what has to differ between two kernels.
Json comparable(const std::string& name, const Json& fact) {
  if (name != "boot.cmdline" || !fact.is_string()) return fact;
  constexpr std::string_view kOfTheImage[] = {"BOOT_IMAGE=", "initrd="};
  std::string rest;
  for (const auto& word : split(fact.get<std::string>(), ' '))
    if (std::none_of(std::begin(kOfTheImage), std::end(kOfTheImage),
                     [&](std::string_view start) { return word.starts_with(start); }))
      rest += (rest.empty() ? "" : " ") + word;
  return rest;
}

std::string missing_from(const Json& other, const Json& words) {
  std::string text;
  for (const auto& word : words)
    if (std::find(other.begin(), other.end(), word) == other.end())
      text += (text.empty() ? "" : " ") + text_of(word);
  return text.empty() ? "nothing more" : text;
}

std::string told(const Json& a, const Json& b) {
  const bool long_texts = std::min(text_of(a).size(), text_of(b).size()) > kLongText;
  if (!long_texts && !a.is_array() && !b.is_array())
    return fmt::format("{} on one side, {} on the other", text_of(a), text_of(b));
  const Json first = words_of(a), second = words_of(b);
  return fmt::format("{} on one side, {} on the other", missing_from(second, first),
                     missing_from(first, second));
}

bool is_declared(const std::set<std::string>& under_test, const std::string& group,
                 const std::string& key) {
  return under_test.contains(group) || under_test.contains(group + "." + key);
}

const Json& fact_in(const Json& side, const std::string& group, const std::string& key) {
  static const Json none;
  const auto in_group = side.find(group);
  if (in_group == side.end() || !in_group->is_object()) return none;
  const auto fact = in_group->find(key);
  return fact == in_group->end() ? none : *fact;
}

std::optional<Finding> judge(const Json& a, const Json& b, const std::string& group,
                             const std::string& key, const std::set<std::string>& under_test) {
  const std::string name = group + "." + key;
  const FactKind kind = kind_of(group, key);
  if (kind != FactKind::setting && kind != FactKind::trait) return std::nullopt;
  if (is_unknown(a) && is_unknown(b)) return std::nullopt;
  if (is_unknown(a) || is_unknown(b))
    return Finding{Grade::kUnknown, name,
                   text_of(is_unknown(a) ? b : a) + " on one side, unknown on the other",
                   "it may differ and explain a difference of results",
                   "read it on both sides, as the same user"};
  const Json first = comparable(name, a), second = comparable(name, b);
  if (first == second) return std::nullopt;
  if (is_declared(under_test, group, key))
    return Finding{Grade::kOk, name, told(first, second), "declared to be under test", ""};
  const bool confounds = kind == FactKind::setting;
  return Finding{confounds ? Grade::kBlock : Grade::kWarn, name, told(first, second),
                 (confounds ? "confounded by: " : "may play a part: ") + name,
                 "make it alike on both sides, or declare it under test"};
}

}  // namespace

std::vector<Finding> differences(const Json& a, const Json& b,
                                 const std::set<std::string>& under_test) {
  std::vector<Finding> all;
  std::set<std::string> seen;
  for (const Json* side : {&a, &b})
    for (const auto& [group, facts] : side->items())
      if (facts.is_object())
        for (const auto& [key, value] : facts.items())
          if (seen.insert(group + "." + key).second)
            if (auto one =
                    judge(fact_in(a, group, key), fact_in(b, group, key), group, key, under_test))
              all.push_back(std::move(*one));
  std::stable_sort(all.begin(), all.end(),
                   [](const Finding& x, const Finding& y) { return x.grade > y.grade; });
  return all;
}

}  // namespace bench::run
