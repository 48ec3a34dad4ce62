#include "run/results.hpp"

#include "base/warnings.hpp"
#include "instances/services.hpp"
#include "plan/threat_words.hpp"
#include "plugins/registry.hpp"
#include "run/same_run.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace spar::host {
namespace {

Json interval(double share, std::int64_t count) {
    const auto [low, high] = share_interval(share, count);
    return std::isfinite(low) ? Json{low, high} : Json(nullptr);
}

/// In a pipeline's form, complete.
Json threat_json(const PreparedAttack &attack) {
    const spar_threat &threat = attack.threat;
    const Json target = attack.aim() == Target::one_class
                            ? Json(attack.aimed_class())
                            : Json(word_of(target_words, attack.aim()));
    Json json{{"norm", word_of(norm_words, threat.norm)},
              {"eps", threat.eps},
              {"lower", number(threat.lower)},
              {"upper", number(threat.upper)},
              {"space", word_of(space_words, threat.space)},
              {"group", word_of(group_words, threat.group)},
              {"target", target},
              {"queries", threat.query_budget}};
    if (threat.site != nullptr) json["site"] = threat.site;
    return json;
}

/// Of the distances at which an attack succeeded.
Json median_distance(const AttackOutcome &attack) {
    std::vector<double> all;
    for (std::size_t i = 0; i < attack.distances.size(); ++i)
        if (attack.success[i] && std::isfinite(attack.distances[i]))
            all.push_back(attack.distances[i]);
    if (all.empty()) return {};
    std::ranges::sort(all);
    const std::size_t half = all.size() / 2;
    return all.size() % 2 == 1 ? all[half] : (all[half - 1] + all[half]) / 2;
}

/// The examples still right after each stage of an attack.
Json stages(const AttackOutcome &attack) {
    std::int64_t standing = 0;
    for (std::size_t i = 0; i < attack.success.size(); ++i)
        if (!attack.success[i] || std::isfinite(attack.distances[i])) ++standing;
    Json rows = Json::array();
    for (const auto &[place, stage] : attack.stages) {
        const auto &[name, broken] = stage;
        standing -= broken;
        rows.push_back({{"name", name},
                        {"broken", broken},
                        {"robust_accuracy", static_cast<double>(standing) /
                                                static_cast<double>(attack.success.size())}});
    }
    return rows;
}

/// How far attention moved: the mean over attacked examples, for each layer and head.
Json attention(const AttackOutcome &attack) {
    Json rows = Json::array();
    std::size_t at = 0;
    for (const AttentionMaps &map : attack.attention) {
        Json heads = Json::array();
        for (std::int32_t head = 0; head < map.heads; ++head, ++at)
            heads.push_back(at < attack.moved.size()
                                ? Json(attack.moved[at] / static_cast<double>(attack.attacked))
                                : Json(nullptr));
        rows.push_back({{"site", map.name}, {"heads", heads}});
    }
    return rows;
}

/// Over all heads too.
Json attention_moved(const AttackOutcome &attack) {
    if (attack.moved.empty()) return {};
    double sum = 0;
    for (const double moved : attack.moved) sum += moved;
    return sum / static_cast<double>(attack.moved.size()) / static_cast<double>(attack.attacked);
}

Json attack_result(const AttackOutcome &attack, const PreparedAttack &prepared,
                   const Json &params) {
    Json result{{"name", attack.name},
                {"type", prepared.attack->type()},
                {"params", params},
                {"threat", threat_json(prepared)}};
    result.update(attack_figures(attack));
    return result;
}

/// Accuracy under all attacks of one threat model together, for each threat model.
Json worst_cases(const EvaluationOutcome &outcome, const std::vector<PreparedAttack> &attacks) {
    struct Group {
        Json threat, names;
        std::vector<bool> holds;
    };
    std::vector<Group> groups;
    for (std::size_t i = 0; i < outcome.attacks.size(); ++i) {
        const Json threat = threat_json(attacks[i]);
        auto group = std::ranges::find(groups, threat, &Group::threat);
        if (group == groups.end())
            group = groups.insert(group, {threat, Json::array(), outcome.correct});
        group->names.push_back(attacks[i].name());
        for (std::size_t k = 0; k < group->holds.size(); ++k)
            group->holds[k] = group->holds[k] && !outcome.attacks[i].success[k];
    }
    Json rows = Json::array();
    for (const Group &group : groups) {
        const auto held = static_cast<double>(std::ranges::count(group.holds, true));
        const double accuracy = std::isfinite(outcome.clean_accuracy)
                                    ? held / static_cast<double>(group.holds.size())
                                    : outcome.clean_accuracy;
        rows.push_back({{"threat", group.threat},
                        {"attacks", group.names},
                        {"accuracy", number(accuracy)},
                        {"accuracy_interval", interval(accuracy, std::ssize(group.holds))}});
    }
    return rows;
}

}  // namespace

Json provenance(const Registry &registry, const Plan &plan, const std::vector<const Data *> &data,
                const Json &made_with) {
    std::set<const PluginFile *> used = plugins_of(*plan.resolved, registry);
    for (const ComponentEntry &entry : registry.components())
        if ((entry.descriptor->flags & SPAR_COMPONENT_DEFAULT) != 0) used.insert(entry.plugin);
    Json plugins = Json::array();
    for (const PluginFile *plugin : registry.files())
        if (used.contains(plugin))
            plugins.push_back({{"name", plugin->name},
                               {"version", plugin->version},
                               {"file", plugin->path.filename().string()},
                               {"sha256", plugin->sha256}});
    Json files = Json::array();
    for (const Data *set : data)
        for (const std::string &file : set->files())
            files.push_back({{"file", file},
                             {"sha256", made_with.at("data").at(file)},
                             {"count", set->size()}});
    Json named = Json::array();
    for (const auto &[file, sha256] : made_with.at("files").items())
        named.push_back({{"file", file}, {"sha256", sha256}});
    return {{"host", host_table()->version},
            {"host_sha256", made_with.at("host_sha256")},
            {"plugins", plugins},
            {"data", files},
            {"files", named},
            {"weights_sha256", made_with.at("weights_sha256")},
            {"threads", threads()},
            {"isa", made_with.at("isa")},
            {"tokenizer", made_with.at("tokenizer")}};
}

Json change_results(const std::vector<Change> &changes) {
    Json rows = Json::array();
    for (const Change &change : changes)
        rows.push_back({{"step", change.step}, {"what", change.what}});
    return rows;
}

std::string json_text(const Json &json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json training_results(const TrainingState &state) {
    Json epochs = Json::array();
    for (const EpochRecord &record : state.epochs) epochs.push_back(to_json(record));
    return {
        {"epochs", epochs},
        {"kept_epoch", state.best_epoch >= 0 ? state.best_epoch
                                             : static_cast<std::int64_t>(state.epochs.size()) - 1}};
}

Json warning_results() {
    Json rows = Json::array();
    for (const Warning &w : warnings().all())
        rows.push_back({{"component", w.component},
                        {"code", w.code},
                        {"place", w.place},
                        {"message", w.message},
                        {"remedy", w.remedy},
                        {"count", w.count},
                        {"examples", w.examples}});
    return rows;
}

void restore_warnings(const Json &rows) {
    for (const Json &row : rows)
        warnings().restore({.component = row.at("component"),
                            .code = row.at("code"),
                            .place = row.at("place"),
                            .message = row.at("message"),
                            .remedy = row.at("remedy"),
                            .count = row.at("count"),
                            .examples = row.at("examples").get<std::vector<std::int64_t>>()});
}

Json clean_figures(const EvaluationOutcome &outcome) {
    const auto examples = static_cast<std::int64_t>(outcome.indices.size());
    Json figures{{"examples", examples},
                 {"clean_accuracy", number(outcome.clean_accuracy)},
                 {"clean_accuracy_interval", interval(outcome.clean_accuracy, examples)},
                 {"clean_loss", number(outcome.clean_loss)},
                 {"clean_rmse", number(outcome.fit.rmse())},
                 {"clean_r2", number(outcome.fit.r2())}};
    if (outcome.attention_heads > 0) figures["attention_heads"] = outcome.attention_heads;
    return figures;
}

Json attack_figures(const AttackOutcome &attack) {
    const auto examples = static_cast<std::int64_t>(attack.success.size());
    const auto mean = [&](double sum) {
        return attack.attacked > 0 ? Json(sum / static_cast<double>(attack.attacked)) : Json();
    };
    Json figures{{"robust_accuracy", number(attack.robust_accuracy)},
                 {"robust_accuracy_interval", interval(attack.robust_accuracy, examples)},
                 {"attacked", attack.attacked},
                 {"marginal", attack.marginal},
                 {"mean_distance", mean(attack.distance_sum)},
                 {"median_distance", median_distance(attack)},
                 {"mean_loss", mean(attack.loss_sum)},
                 {"rmse", number(attack.fit.rmse())},
                 {"r2", number(attack.fit.r2())},
                 {"forward_per_example", mean(static_cast<double>(attack.forward_queries))},
                 {"gradient_per_example", mean(static_cast<double>(attack.gradient_queries))},
                 {"seconds", attack.seconds}};
    if (!attack.stages.empty()) figures["stages"] = stages(attack);
    if (!attack.attention.empty()) {
        figures["attention"] = attention(attack);
        figures["attention_moved"] = attention_moved(attack);
    }
    return figures;
}

Json evaluation_results(const EvaluationOutcome &outcome, const EvaluatePlan &plan,
                        const std::vector<PreparedAttack> &attacks) {
    const auto examples = static_cast<std::int64_t>(outcome.indices.size());
    Json rows = Json::array();
    for (std::size_t i = 0; i < outcome.attacks.size(); ++i)
        rows.push_back(attack_result(outcome.attacks[i], attacks[i], *plan.attacks[i].attack.json));
    Json results = clean_figures(outcome);
    results.update(
        {{"attacks", rows},
         {"worst_cases", worst_cases(outcome, attacks)},
         {"worst_case_accuracy", number(outcome.worst_case_accuracy)},
         {"worst_case_accuracy_interval", interval(outcome.worst_case_accuracy, examples)},
         {"seconds", outcome.seconds},
         {"storing_seconds", outcome.storing_seconds}});
    return results;
}

}  // namespace spar::host
