#include "engine/crafting.hpp"

#include "base/problems.hpp"
#include "base/warnings.hpp"
#include "base/words.hpp"
#include "engine/fitting.hpp"
#include "engine/loss_head.hpp"
#include "plugins/registry.hpp"
#include "text/schema.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

std::string type_of(const Node &node) {
    return node ? node.json->at("type").get<std::string>() : "none";
}

bool compares(const Instance &loss) {
    return (needs_of(loss.ref()) & SPAR_LOSS_NEEDS_REFERENCE) != 0;
}

/// The loss for crafters without one of their own.
struct Fallback {
    std::string loss, source;
};

/// Follows methods and attacks into those inside them.
class Walk {
  public:
    explicit Walk(const Registry &registry) : registry_(registry) {}

    void method(const Json &node, const std::string &pointer, const Fallback &fallback) {
        const Json &properties = members(*entry(SPAR_KIND_METHOD, node).schema, "properties");
        const std::optional<Fallback> own = method_own(node, pointer, properties, fallback);
        bool attacks = false;
        for (const auto &[name, property] : properties.items()) {
            const std::string kind = property.value("x-spar-kind", "");
            if (!node.contains(name)) continue;
            const std::string inside = child_pointer(pointer, name);
            if (kind == "attack") {
                attacks = true;
                attack(node.at(name), inside,
                       own.value_or(Fallback{"its own objective", "what the method sets it"}));
            }
            if (kind == "method") method(node.at(name), inside, fallback);
        }
        if (own && !attacks) found.push_back({pointer, own->loss, own->source});
    }

    void attack(const Json &node, const std::string &pointer, const Fallback &fallback) {
        std::vector<Fallback> all;
        collect(node, fallback, all);
        found.push_back({pointer, joined(all, &Fallback::loss), joined(all, &Fallback::source)});
    }

    std::vector<Crafting> found;
    std::vector<std::string> left_out;  // losses of the methods that craft with the fallback

  private:
    const ComponentEntry &entry(spar_kind kind, const Json &node) const {
        if (const ComponentEntry *known = registry_.find_node(kind, node)) return *known;
        throw Failure(Exit::pipeline,
                      "there is no component " + quote(node.at("type").get<std::string>()));
    }

    /// The value of the parameter declared as the loss that crafting increases; nothing if there is
    /// none.
    std::optional<Fallback> method_own(const Json &node, const std::string &pointer,
                                       const Json &properties, const Fallback &fallback) {
        for (const auto &[name, property] : properties.items()) {
            if (!property.value("x-spar-crafts", false)) continue;
            if (!node.contains(name)) {
                left_out.push_back(child_pointer(pointer, name));
                return fallback;
            }
            return Fallback{node.at(name).at("type"), property.contains("default")
                                                          ? "what the method sets it"
                                                          : "the method's"};
        }
        return {};
    }

    /// Whether another parameter takes the place of this one, see x-spar-unless.
    static bool replaced(const Json &node, const Json &property) {
        const std::string other = property.value("x-spar-unless", "");
        return node.contains(other) && node.at(other) != 0 && node.at(other) != false;
    }

    /// What an attack increases, and what its parts do.
    void collect(const Json &node, const Fallback &fallback, std::vector<Fallback> &all) const {
        const Json &properties = members(*entry(SPAR_KIND_ATTACK, node).schema, "properties");
        const std::size_t before = all.size();
        for (const auto &[name, property] : properties.items()) {
            if (!node.contains(name) || replaced(node, property)) continue;
            const Json &value = node.at(name);
            if (property.value("x-spar-kind", "") == "attack") collect(value, fallback, all);
            if (members(property, "items").value("x-spar-kind", "") == "attack")
                for (const Json &part : value) collect(part, fallback, all);
        }
        if (all.size() > before) return;
        if (node.contains("loss") && node.at("loss").is_object())
            all.push_back({node.at("loss").at("type"), "the attack's"});
        else if (properties.contains("loss") &&
                 properties.at("loss").value("x-spar-kind", "") == "loss" &&
                 !replaced(node, properties.at("loss")))
            all.push_back(fallback);
        else
            all.push_back({"its own objective", "the attack's"});
    }

    /// The distinct ones, in words.
    static std::string joined(const std::vector<Fallback> &all, std::string Fallback::*word) {
        std::vector<std::string> words;
        for (const Fallback &one : all)
            if (std::ranges::find(words, one.*word) == words.end()) words.push_back(one.*word);
        std::string text = words[0];
        for (std::size_t i = 1; i < words.size(); ++i) text += " and " + words[i];
        return text;
    }

    const Registry &registry_;
};

/// What each kind of data gets, as long as the kind is unknown.
template <class Of>
Fallback on_data(std::optional<bool> classes, Of &&of) {
    if (classes) return of(*classes);
    Fallback on_classes = of(true);
    const Fallback on_values = of(false);
    if (on_classes.loss == on_values.loss) return on_classes;
    return {on_classes.loss + ", " + on_values.loss + " for values", on_classes.source};
}

/// Whether the data holds classes, if the training loss fits only one kind of data.
std::optional<bool> classes_of(const Instance &training_loss) {
    const spar_loss_needs needs = needs_of(training_loss.ref());
    if ((needs & SPAR_LOSS_NEEDS_LABELS) != 0) return true;
    if ((needs & SPAR_LOSS_NEEDS_VALUES) != 0) return false;
    return {};
}

void warn_of_version_1(const std::string &place, const std::string &loss) {
    warnings().add(
        {.code = "changed_default",
         .place = "#" + place,
         .message = "its default is " + loss +
                    " now, as the training loss compares with clean outputs; in version 1 it was "
                    "the training loss",
         .remedy = "repeat the training loss there to get the old one, or \"version\": 2 to accept "
                   "the new one"});
}

}  // namespace

Attacked attacked_loss(const Plan &plan, const Instance *training_loss, bool classes) {
    if (plan.evaluate && plan.evaluate->loss) return {plan.evaluate->loss, "#/evaluate/loss"};
    const char *const by_default = "the default of evaluations";
    if (classes) return {plan.attacked_loss.on_classes, by_default};
    if (training_loss != nullptr && evaluated_alone(training_loss->ref()))
        return {plan.train->loss, "the training loss"};
    return {plan.attacked_loss.on_values, by_default};
}

std::unique_ptr<Instance> crafting_loss(const Builder &builder, const Plan &plan,
                                        const Instance &training_loss, bool classes) {
    if (!compares(training_loss)) return nullptr;
    const Node &node = classes ? plan.attacked_loss.on_classes : plan.attacked_loss.on_values;
    const std::string place = plan.train->method.pointer + "/loss";
    if (!node)
        throw Failure(Exit::pipeline,
                      "#" + place +
                          ": the training loss compares with clean outputs, and neither "
                          "\"cross_entropy\" nor \"mse\" is installed to craft with: give \"loss\" "
                          "here");
    return builder.build(SPAR_KIND_LOSS, *node.json, place);
}

std::vector<Crafting> crafting_of(const Plan &plan, const Registry &registry,
                                  std::optional<bool> classes) {
    Walk walk(registry);
    std::unique_ptr<Instance> loss;
    if (plan.train) {
        const Builder builder(
            registry, plan.seed,
            [&plan](const std::string &, const std::string &text) { return plan.path(text); });
        loss = builder.build(SPAR_KIND_LOSS, *plan.train->loss.json, "/train/loss");
        if (!classes) classes = classes_of(*loss);
        const Fallback training =
            !compares(*loss) ? Fallback{loss->type(), "the training loss"}
                             : on_data(classes, [&](bool on_classes) -> Fallback {
                                   return {type_of(on_classes ? plan.attacked_loss.on_classes
                                                              : plan.attacked_loss.on_values),
                                           "the training loss compares with clean outputs"};
                               });
        walk.method(*plan.train->method.json, plan.train->method.pointer, training);
        if (plan.of_version_1 && compares(*loss))
            for (const std::string &place : walk.left_out) warn_of_version_1(place, training.loss);
    }
    const Fallback attacked = on_data(classes, [&](bool on_classes) -> Fallback {
        const Attacked chosen = attacked_loss(plan, loss.get(), on_classes);
        return {type_of(chosen.loss), chosen.source};
    });
    if (plan.train && plan.train->validate_attack)
        walk.attack(*plan.train->validate_attack.json, plan.train->validate_attack.pointer,
                    attacked);
    if (plan.evaluate)
        for (const AttackPlan &one : plan.evaluate->attacks)
            walk.attack(*one.attack.json, one.attack.pointer, attacked);
    return walk.found;
}

std::string sentence(const Crafting &crafting) {
    return "#" + crafting.pointer + " crafts with " + crafting.loss + " (" + crafting.source + ")";
}

Json to_json(const Crafting &crafting) {
    return {{"at", crafting.pointer}, {"loss", crafting.loss}, {"source", crafting.source}};
}

Json to_json(const std::vector<Crafting> &all) {
    Json list = Json::array();
    for (const Crafting &one : all) list.push_back(to_json(one));
    return list;
}

Json shown_plan(const Plan &plan, const std::vector<Crafting> &crafting) {
    Json shown{{"$crafting", to_json(crafting)}};
    shown.update(*plan.resolved);
    return shown;
}

}  // namespace spar::host
