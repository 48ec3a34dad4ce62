#include "run/announce.hpp"

#include "run/results.hpp"
#include "text/schema.hpp"

namespace spar::host {
namespace {

constexpr std::int64_t outside_training = -1;

/// Numbers under their names; an interval as two numbers, "_low" and "_high".
void say_all(Reporters &reporters, const std::string &path, const Json &figures) {
    const auto say = [&](const std::string &name, const Json &value) {
        if (value.is_number()) reporters.event(outside_training, path, name, value.get<double>());
    };
    for (const auto &[name, value] : figures.items()) {
        say(name, value);
        const std::size_t end = name.rfind("_interval");
        if (end == std::string::npos || !value.is_array()) continue;
        say(name.substr(0, end) + "_low", value[0]);
        say(name.substr(0, end) + "_high", value[1]);
    }
}

void say_threat(Reporters &reporters, const PreparedAttack &attack) {
    const auto say = [&](const char *name, double value) {
        reporters.event(outside_training, "evaluate/" + attack.name(), name, value);
    };
    say("norm", attack.threat.norm);
    say("eps", attack.threat.eps);
    if (attack.threat.group != SPAR_GROUP_NONE) say("group", attack.threat.group);
    if (attack.aim() == Target::one_class)
        say("target_class", static_cast<double>(attack.aimed_class()));
    if (attack.aim() == Target::random) say("target_random", 1);
    if (attack.aim() == Target::next) say("target_next", 1);
    if (attack.aim() == Target::least_likely) say("target_least_likely", 1);
}

}  // namespace

void announce_clean(Reporters &reporters, const EvaluationOutcome &outcome,
                    const std::vector<PreparedAttack> &attacks) {
    for (const PreparedAttack &attack : attacks) say_threat(reporters, attack);
    say_all(reporters, "evaluate", clean_figures(outcome));
    reporters.event(outside_training, "evaluate", "clean_end", static_cast<double>(attacks.size()));
}

void announce_attack(Reporters &reporters, const AttackOutcome &attack) {
    const std::string path = "evaluate/" + attack.name;
    const Json figures = attack_figures(attack);
    say_all(reporters, path, figures);
    for (const Json &stage : members(figures, "stages"))
        say_all(reporters, path + "/" + stage.at("name").get<std::string>(), stage);
    reporters.event(outside_training, path, "attack_end", 1);
}

}  // namespace spar::host
