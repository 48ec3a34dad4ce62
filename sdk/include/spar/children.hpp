// Parameters that are themselves components: a method's attack, a sum's losses.
#pragma once

#include <spar/record.hpp>

#include <optional>

namespace SPAR_HIDDEN spar {

inline const char *kind_name(spar_kind kind) {
    switch (kind) {
        case SPAR_KIND_DATASET:
            return "dataset";
        case SPAR_KIND_MODEL:
            return "model";
        case SPAR_KIND_LOSS:
            return "loss";
        case SPAR_KIND_OPTIMIZER:
            return "optimizer";
        case SPAR_KIND_ATTACK:
            return "attack";
        case SPAR_KIND_METHOD:
            return "method";
        case SPAR_KIND_REPORTER:
            return "reporter";
        case SPAR_KIND_TRANSFORM:
            return "transform";
        case SPAR_KIND_TOKENIZER:
            return "tokenizer";
        default:
            return "component";
    }
}

/// What is special about a parameter that is a component.
struct ChildRule {
    const char *fallback = "";  /// a node as JSON, {"type":"pgd"}; empty: none
    bool optional = false;
    /// Another parameter that takes its place if given and neither 0 nor false. Empty: none. The
    /// host derives from it what an attack increases.
    const char *unless = "";
    /// For a method's loss: crafting increases it. The host derives from it what training crafts
    /// with.
    bool crafts = false;
};

/// A parameter that is one component, built by the host before its owner. Declare it as a member,
/// and pass it on:
///
///     spar::Child attack_{this, "attack", SPAR_KIND_ATTACK, "what crafts", {.optional = true}};
///     if (attack_.given()) session.attack(attack_, x_adv);
class Child final : public Field {
  public:
    Child(Record *owner, std::string name, spar_kind kind, std::string help, ChildRule rule = {})
        : Field(owner, std::move(name), std::move(help)), kind_(kind), rule_(rule) {}

    bool required() const override { return *rule_.fallback == '\0' && !rule_.optional; }
    void describe(JsonObject &schema, Definitions &) const override {
        schema.text("type", "object").text("x-spar-kind", kind_name(kind_));
        if (rule_.crafts) schema.raw("x-spar-crafts", "true");
        if (*rule_.fallback != '\0') schema.raw("default", rule_.fallback);
        if (*rule_.unless != '\0') schema.text("x-spar-unless", rule_.unless);
    }
    void read(const Reader &reader) override {
        ref_.struct_size = sizeof ref_;
        checked([&](spar_error *e) {
            return reader.host->get_component(reader.params, reader.pointer.c_str(), kind_, &ref_,
                                              e);
        });
    }

    bool given() const { return ref_.self != nullptr; }
    const spar_component_ref *ref() const { return given() ? &ref_ : nullptr; }
    const char *type() const { return ref_.type; }

  private:
    spar_kind kind_;
    ChildRule rule_;
    spar_component_ref ref_{};
};

/// A list of components of one kind. `rule.fallback` is a list as JSON.
class Children final : public Field {
  public:
    Children(Record *owner, std::string name, spar_kind kind, std::string help, ChildRule rule = {})
        : Field(owner, std::move(name), std::move(help)), kind_(kind), rule_(rule) {}

    bool required() const override { return *rule_.fallback == '\0' && !rule_.optional; }
    void describe(JsonObject &schema, Definitions &) const override {
        schema.text("type", "array");
        schema.raw("items",
                   JsonObject().text("type", "object").text("x-spar-kind", kind_name(kind_)).str());
        schema.integer("minItems", 1);
        if (*rule_.fallback != '\0') schema.raw("default", rule_.fallback);
        if (*rule_.unless != '\0') schema.text("x-spar-unless", rule_.unless);
    }
    void read(const Reader &reader) override {
        refs_.clear();
        for (std::int64_t i = 0; i < reader.size(); ++i) {
            spar_component_ref ref{};
            ref.struct_size = sizeof ref;
            checked([&](spar_error *e) {
                return reader.host->get_component(reader.params, reader.at(i).pointer.c_str(),
                                                  kind_, &ref, e);
            });
            refs_.push_back(ref);
        }
    }

    /// Empty if the parameter was left out.
    const std::vector<spar_component_ref> &refs() const { return refs_; }

  private:
    spar_kind kind_;
    ChildRule rule_;
    std::vector<spar_component_ref> refs_;
};

}  // namespace spar
