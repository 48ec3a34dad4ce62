// Lists of parts: Variants, if each part's "type" says what it is (the layers of a model), and
// Records, if all are alike (the terms of a sum).
#pragma once

#include <spar/record.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace SPAR_HIDDEN spar {

/// One alternative of Variants<Base>: T is a Record derived from Base.
template <class Base>
struct Variant {
    std::string type;
    std::string summary;
    std::function<std::unique_ptr<Base>()> make;
};

/// Makes the alternative that a list calls `type`.
template <class Base, class T>
Variant<Base> variant(std::string type, std::string summary) {
    return {std::move(type), std::move(summary), [] { return std::make_unique<T>(); }};
}

/// How many parts a list may have.
struct PartsRule {
    std::int64_t min_items = 1;
    std::int64_t max_items = 10000;
    bool optional = false;  /// may be left out, and is empty then
};

/// A list of parts, each an object {"type": one of the alternatives, ...its parameters}. The
/// alternatives are a function, so that a part may itself hold such a list. `definition` names the
/// schema of one part.
template <class Base>
class Variants final : public Field {
  public:
    using Alternatives = const std::vector<Variant<Base>> &(*)();

    Variants(Record *owner, std::string name, std::string help, std::string definition,
             Alternatives alternatives, PartsRule rule = {})
        : Field(owner, std::move(name), std::move(help)),
          definition_(std::move(definition)),
          alternatives_(alternatives),
          rule_(rule) {}

    bool required() const override { return !rule_.optional; }

    void describe(JsonObject &schema, Definitions &definitions) const override {
        if (!definitions.contains(definition_)) {
            definitions[definition_] = "";  // a part that holds such a list refers to it by name
            JsonArray choices;
            for (const Variant<Base> &alternative : alternatives_()) {
                JsonObject choice = alternative.make()->schema(alternative.type, definitions);
                choices.raw(choice.text("description", alternative.summary).str());
            }
            definitions[definition_] = JsonObject().raw("oneOf", choices.str()).str();
        }
        schema.text("type", "array");
        schema.raw("items", JsonObject().text("$ref", "#/definitions/" + definition_).str());
        schema.integer("minItems", rule_.min_items).integer("maxItems", rule_.max_items);
    }

    void read(const Reader &reader) override {
        parts_.clear();
        for (std::int64_t i = 0; i < reader.size(); ++i) {
            const Reader here = reader.at(i);
            const std::string type = here.at("type").text();
            std::unique_ptr<Base> part;
            for (const Variant<Base> &alternative : alternatives_())
                if (alternative.type == type) part = alternative.make();
            if (!part) throw invalid("no part is called \"" + type + "\"", here.pointer + "/type");
            part->read(here);
            parts_.push_back(std::move(part));
        }
    }

    const std::vector<std::unique_ptr<Base>> &parts() const { return parts_; }
    /// Whether the pipeline gave the list, even an empty one.
    bool empty() const { return parts_.empty(); }

  private:
    std::string definition_;
    Alternatives alternatives_;
    PartsRule rule_;
    std::vector<std::unique_ptr<Base>> parts_;
};

/// A list of objects with the same parameters. T is a Record.
template <class T>
class Records final : public Field {
  public:
    Records(Record *owner, std::string name, std::string help, PartsRule rule = {})
        : Field(owner, std::move(name), std::move(help)), rule_(rule) {}

    bool required() const override { return !rule_.optional; }
    void describe(JsonObject &schema, Definitions &definitions) const override {
        schema.text("type", "array").raw("items", T().schema("", definitions).str());
        schema.integer("minItems", rule_.min_items).integer("maxItems", rule_.max_items);
    }
    void read(const Reader &reader) override {
        parts_.clear();
        for (std::int64_t i = 0; i < reader.size(); ++i) {
            parts_.push_back(std::make_unique<T>());
            parts_.back()->read(reader.at(i));
        }
    }
    const std::vector<std::unique_ptr<T>> &parts() const { return parts_; }

  private:
    PartsRule rule_;
    std::vector<std::unique_ptr<T>> parts_;
};

}  // namespace spar
