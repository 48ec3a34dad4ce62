#include "plan/threat.hpp"

#include "plan/check.hpp"
#include "plan/grammar.hpp"
#include "plan/threat_words.hpp"
#include "text/schema.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

Target target_of(const Json &value, std::int64_t &one_class) {
    if (value.is_number()) {
        one_class = value.get<std::int64_t>();
        return Target::one_class;
    }
    return value_of(target_words, value.get<std::string>());
}

std::optional<double> bound(const Json &threat, const char *name) {
    const auto found = threat.find(name);
    return found != threat.end() ? std::optional(found->get<double>()) : std::nullopt;
}

/// Where groups of values fit: pixels are counted by l0, and tokens have balls under other norms.
void check_group(const Threat &threat, Checker &checker) {
    const auto refuse = [&](const std::string &why) {
        checker.problem(child_pointer(threat.pointer, "group"), why);
    };
    const std::string norm = word_of(norm_words, threat.norm);
    if (threat.group == SPAR_GROUP_PIXEL && threat.norm != SPAR_NORM_L0)
        refuse("\"pixel\" says what the norm l0 counts, and the norm is " + norm +
               ": leave it out, or set \"norm\": \"l0\"");
    if (threat.group == SPAR_GROUP_WORD && threat.space != SPAR_SPACE_TOKENS)
        refuse(
            "\"word\" is what is counted in texts, in the space \"tokens\": leave it out, or set "
            "\"space\": \"tokens\"");
    if (threat.group != SPAR_GROUP_TOKEN) return;
    if (threat.norm == SPAR_NORM_L0)
        refuse(
            "\"token\" gives every token a ball of its own, and l0 counts changes: leave it out, "
            "or take the norm linf, l2 or l1");
    else if (threat.space != SPAR_SPACE_EMBEDDING)
        refuse(std::string("\"token\" gives every token of a text a ball of its own, and the space "
                           "is \"") +
               word_of(space_words, threat.space) +
               "\": leave it out, or set \"space\": \"embedding\"");
}

/// The space of tokens counts words, which is all that there is to say of it.
void check_words(Threat &threat, Checker &checker) {
    const auto refuse = [&](const char *key, const std::string &why) {
        checker.problem(child_pointer(threat.pointer, key), why);
    };
    if (threat.norm != SPAR_NORM_L0)
        refuse("norm", std::string("in the space \"tokens\" the words that change are counted, and "
                                   "the norm is ") +
                           word_of(norm_words, threat.norm) + ": set \"norm\": \"l0\"");
    if (threat.group != SPAR_GROUP_NONE && threat.group != SPAR_GROUP_WORD)
        refuse("group", std::string("in the space \"tokens\" words are counted, not ") +
                            word_of(group_words, threat.group) + "s: leave it out");
    threat.group = SPAR_GROUP_WORD;
    if (threat.eps >= 1 && threat.eps != std::floor(threat.eps))
        refuse("eps", "it counts words that may change, and must be a whole number, as " +
                          found(Json(std::ceil(threat.eps))) +
                          ", or below 1 a share of the words; it is " + found(Json(threat.eps)));
    const char *const no_box = "texts have no box of values: leave it out";
    if (threat.lower) refuse("lower", no_box);
    if (threat.upper) refuse("upper", no_box);
}

/// What a threat under l0, which counts changes, must satisfy.
void check_count(const Threat &threat, Checker &checker) {
    if (threat.norm != SPAR_NORM_L0) return;
    if (threat.eps != std::floor(threat.eps))
        checker.problem(child_pointer(threat.pointer, "eps"),
                        "under l0 it counts " +
                            std::string(threat.group == SPAR_GROUP_PIXEL ? "pixels" : "values") +
                            " that may change, and must be a whole number, as " +
                            found(Json(std::ceil(threat.eps))) + "; it is " +
                            found(Json(threat.eps)));
    if (threat.space != SPAR_SPACE_INPUT)
        checker.problem(child_pointer(threat.pointer, "norm"),
                        std::string("l0 limits how many values change, and the box how far, which "
                                    "the space \"") +
                            word_of(space_words, threat.space) +
                            "\" does not have: take the norm linf, l2 or l1 there, or the space "
                            "\"input\"");
}

}  // namespace

Threat threat_of(const Json &json, const std::string &pointer, Checker &checker) {
    Threat threat;
    threat.pointer = pointer;
    threat.norm = value_of(norm_words, json.at("norm").get<std::string>());
    threat.eps = json.at("eps").get<double>();
    threat.lower = bound(json, "lower");
    threat.upper = bound(json, "upper");
    threat.space = value_of(space_words, json.at("space").get<std::string>());
    threat.parameter = json.value("parameter", "");
    if (json.contains("site"))
        threat.site = std::make_shared<const std::string>(json.at("site").get<std::string>());
    threat.target = target_of(json.at("target"), threat.target_class);
    threat.queries = json.at("queries").get<std::int64_t>();
    threat.group = value_of(group_words, json.at("group").get<std::string>());
    if (threat.lower && threat.upper && *threat.lower > *threat.upper)
        checker.problem(child_pointer(pointer, "lower"), "is greater than upper");
    if ((threat.space == SPAR_SPACE_PARAMETER) != !threat.parameter.empty())
        checker.problem(pointer,
                        "\"parameter\" names what is perturbed in the space \"parameter\"; "
                        "give both or none");
    if (threat.space == SPAR_SPACE_TOKENS) {
        check_words(threat, checker);
        return threat;
    }
    if ((threat.space == SPAR_SPACE_SITE) != (threat.site != nullptr))
        checker.problem(pointer,
                        "\"site\" names what is perturbed in the space \"site\", as "
                        "\"attention_logits\"; give both or none");
    check_group(threat, checker);
    check_count(threat, checker);
    return threat;
}

std::optional<Threat> changed_threat(const Json &root, const Json &changes,
                                     const std::string &pointer, Checker &checker) {
    Json threat = root.value("threat", Json::object());
    const std::string from = threat.value("space", "input");
    const std::string to = changes.value("space", from);
    if (from != to && (from == "tokens" || to == "tokens") && threat.contains("eps") &&
        !changes.contains("eps")) {
        checker.problem(pointer, "\"eps\" is missing: the pipeline's is for the space \"" + from +
                                     "\", and only one of the two counts words");
        return std::nullopt;
    }
    threat.update(changes);
    if (changes.value("space", "parameter") != "parameter") threat.erase("parameter");
    if (changes.value("space", "site") != "site") threat.erase("site");
    // A group of the pipeline's threat goes where the changes leave no place for it, and so does a
    // box where there are no values.
    const bool words = threat.value("space", "") == "tokens";
    for (const char *key : {"lower", "upper"})
        if (threat.value("space", "input") != "input" && !changes.contains(key)) threat.erase(key);
    if (!changes.contains("group")) {
        const bool counted = threat.value("group", "none") == "word";
        if (words || counted) threat.erase("group");
        const bool pixel = threat.value("group", "none") == "pixel";
        const bool counts = threat.value("norm", "") == "l0";
        const bool vectors = threat.value("space", "") == "embedding";
        if (pixel ? !counts : counts || !vectors) threat.erase("group");
    }
    const std::size_t before = checker.problems().size();
    checker.check(threat, grammar().at("definitions").at("threat"), grammar(), pointer);
    if (checker.problems().size() > before) return std::nullopt;
    return threat_of(threat, pointer, checker);
}

}  // namespace spar::host
