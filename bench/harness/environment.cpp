#include "bench/harness/environment.hpp"

#include <map>
#include <set>
#include <utility>

#include "bench/harness/fact_table.hpp"
#include "bench/harness/machine_facts.hpp"

namespace bench {

namespace {

void read_into(Json& groups, const std::vector<Fact>& table, const Root& root) {
  for (const auto& fact : table) groups[fact.group][fact.key] = fact_or_reason(fact.read, root);
}

void read_into(Json& groups, const FactGroup& group, const Root& root) {
  Json& facts = groups[group.group] = fact_or_reason(group.read, root);
  if (is_unknown(facts)) facts = Json{{"all", std::exchange(facts, nullptr)}};
}

const Json& fact_in(const Json& groups, const std::string& group, const std::string& key) {
  static const Json none;
  const auto in_group = groups.find(group);
  if (in_group == groups.end() || !in_group->is_object()) return none;
  const auto fact = in_group->find(key);
  return fact == in_group->end() ? none : *fact;
}

}  // namespace

Json read_environment(const std::vector<std::filesystem::path>& programs, const Root& root) {
  Json groups = Json::object();
  for (const auto* table : {&hardware_facts(), &kernel_facts(), &process_facts(), &load_facts()})
    read_into(groups, *table, root);
  groups["identity"]["key"] = facts::identity_key(groups["identity"]);
  for (const auto& group : fact_groups()) read_into(groups, group, root);
  read_into(groups, build_facts(), root);
  if (!programs.empty())
    groups["binaries"] = fact_or_reason([&](const Root&) { return facts::hashes(programs); }, root);
  return groups;
}

FactKind kind_of(const std::string& group, const std::string& key) {
  static const auto kinds = [] {
    // The key is made of the other facts of its group, which tell of a change themselves.
    std::map<std::pair<std::string, std::string>, FactKind> all{
        {{"identity", "key"}, FactKind::mark}};
    for (const auto* table :
         {&hardware_facts(), &kernel_facts(), &process_facts(), &load_facts(), &build_facts()})
      for (const auto& fact : *table) all[{fact.group, fact.key}] = fact.kind;
    return all;
  }();
  for (const auto& one : fact_groups())
    if (group == one.group) return one.kind;
  const auto found = kinds.find({group, key});
  return found == kinds.end() ? FactKind::setting : found->second;
}

const Json& known_fact(const Json& groups, const char* group, const char* key) {
  static const Json none;
  const Json& fact = fact_in(groups, group, key);
  return is_unknown(fact) ? none : fact;
}

std::string why_unknown(const Json& groups, const char* group, const char* key) {
  const Json& fact = fact_in(groups, group, key);
  if (fact.is_null()) return "not recorded";
  if (!is_unknown(fact)) return "";
  const Json& reason = fact.at("unknown");
  return reason.is_string() ? reason.get<std::string>() : reason.dump();
}

Json difference(const Json& start, const Json& end) {
  const bool same_boot = fact_in(start, "boot", "boot_id") == fact_in(end, "boot", "boot_id");
  Json changes = Json::array();
  std::set<std::pair<std::string, std::string>> seen;
  const auto compare = [&](const std::string& group, const std::string& key) {
    if (!seen.insert({group, key}).second) return;
    const Json &before = fact_in(start, group, key), &after = fact_in(end, group, key);
    const FactKind kind = kind_of(group, key);
    if (kind == FactKind::reading || (is_unknown(before) && is_unknown(after))) return;
    if (kind != FactKind::counter) {
      if (before != after)
        changes.push_back({{"group", group}, {"key", key}, {"start", before}, {"end", after}});
    } else if (same_boot && before.is_number() && after.is_number()) {
      const Json delta = before.is_number_integer() && after.is_number_integer()
                             ? Json(after.get<std::int64_t>() - before.get<std::int64_t>())
                             : Json(after.get<double>() - before.get<double>());
      changes.push_back({{"group", group}, {"key", key}, {"delta", delta}});
    }
  };
  for (const Json* side : {&start, &end})
    for (const auto& [group, facts] : side->items())
      if (facts.is_object())
        for (const auto& [key, value] : facts.items()) compare(group, key);
  return changes;
}

}  // namespace bench
