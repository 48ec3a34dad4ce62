#include "engine/crafting.hpp"

#include "config/problems.hpp"
#include "config/schema.hpp"
#include "config/words.hpp"
#include "engine/loss_head.hpp"
#include "plugins/registry.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

std::string type_of(const Node &node) {
    return node ? node.json->at("type").get<std::string>() : "none";
}

bool compares(const Instance &loss) {
    return (needs_of(loss.ref()) & SPAR_LOSS_NEEDS_REFERENCE) != 0;
}

/// Follows the methods of a plan and the attacks in them.
class Walk {
  public:
    Walk(const Registry &registry, Crafting fallback)
        : registry_(registry), fallback_(std::move(fallback)) {}

    void method(const Json &node, const std::string &pointer) {
        const Json &schema = *entry(SPAR_KIND_METHOD, node).schema;
        const bool own = kind_at(schema, "loss") == "loss";
        const Crafting here = own && node.contains("loss")
                                  ? Crafting{pointer, node.at("loss").at("type"), "the method's"}
                                  : Crafting{pointer, fallback_.loss, fallback_.source};
        bool attacks = false;
        for (const auto &[name, property] : members(schema, "properties").items()) {
            const std::string kind = property.value("x-spar-kind", "");
            if (!node.contains(name)) continue;
            if (kind == "attack") {
                attacks = true;
                attack(node.at(name), child_pointer(pointer, name),
                       own ? here : divergence(node, pointer));
            }
            if (kind == "method") method(node.at(name), child_pointer(pointer, name));
        }
        if (own && !attacks) found.push_back(here);
    }

    std::vector<Crafting> found;

  private:
    const ComponentEntry &entry(spar_kind kind, const Json &node) const {
        const auto type = node.at("type").get<std::string>();
        if (const ComponentEntry *known = registry_.find(kind, type)) return *known;
        throw Failure(Exit::pipeline, "there is no component " + quote(type));
    }

    static std::string kind_at(const Json &schema, const char *name) {
        const Json &properties = members(schema, "properties");
        return properties.contains(name) ? properties.at(name).value("x-spar-kind", "")
                                         : std::string();
    }

    /// A method whose attacks have no loss of its choosing sets them an objective itself.
    static Crafting divergence(const Json &node, const std::string &pointer) {
        const bool told = node.contains("divergence") && node.at("divergence").is_object();
        return {pointer, told ? node.at("divergence").at("type") : Json("its own objective"),
                "what the method sets it"};
    }

    void attack(const Json &node, const std::string &pointer, Crafting given) {
        const Json &schema = *entry(SPAR_KIND_ATTACK, node).schema;
        given.pointer = pointer;
        if (node.contains("loss") && node.at("loss").is_object())
            given = {pointer, node.at("loss").at("type"), "the attack's"};
        else if (kind_at(schema, "loss") != "loss")
            given = {pointer, "its own objective", "the attack's"};
        found.push_back(std::move(given));
    }

    const Registry &registry_;
    Crafting fallback_;
};

}  // namespace

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
    if (!plan.train) return {};
    const Builder builder(
        registry, plan.seed,
        [&plan](const std::string &, const std::string &text) { return plan.path(text); });
    const auto loss = builder.build(SPAR_KIND_LOSS, *plan.train->loss.json, "/train/loss");
    Crafting fallback{"", loss->type(), "the training loss"};
    if (compares(*loss)) {
        const std::string on_classes = type_of(plan.attacked_loss.on_classes),
                          on_values = type_of(plan.attacked_loss.on_values);
        fallback.loss = !classes   ? on_classes + ", " + on_values + " for values"
                        : *classes ? on_classes
                                   : on_values;
        fallback.source = "the training loss compares with clean outputs";
    }
    Walk walk(registry, fallback);
    walk.method(*plan.train->method.json, plan.train->method.pointer);
    return walk.found;
}

std::string sentence(const Crafting &crafting) {
    return "#" + crafting.pointer + " crafts with " + crafting.loss + " (" + crafting.source + ")";
}

Json to_json(const std::vector<Crafting> &all) {
    Json list = Json::array();
    for (const Crafting &one : all)
        list.push_back({{"at", one.pointer}, {"loss", one.loss}, {"source", one.source}});
    return list;
}

}  // namespace spar::host
