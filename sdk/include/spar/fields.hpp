// The kinds of parameter: Integer, Number, Boolean, Text, Choice, Path, Integers, Numbers.
//
// A parameter without `fallback` must be given, unless it is declared `.optional = true`; then
// check given() before using the value.
#pragma once

#include <spar/record.hpp>

#include <limits>
#include <optional>
#include <utility>

namespace SPAR_HIDDEN spar {

/// A field that holds one value of type T; the common base of those below.
template <class T>
class ValueField : public Field {
  public:
    ValueField(Record *owner, std::string name, std::string help, std::optional<T> fallback,
               bool optional)
        : Field(owner, std::move(name), std::move(help)),
          fallback_(std::move(fallback)),
          optional_(optional) {
        if (fallback_) value_ = *fallback_;
    }

    bool required() const override { return !fallback_ && !optional_; }
    /// Whether the pipeline or a default gave it a value.
    bool given() const { return fallback_.has_value() || read_; }
    const T &operator*() const { return value_; }
    const T *operator->() const { return &value_; }
    T value_or(T other) const { return given() ? value_ : other; }

  protected:
    const std::optional<T> &fallback() const { return fallback_; }
    void set(T value) {
        value_ = std::move(value);
        read_ = true;
    }

  private:
    std::optional<T> fallback_;
    bool optional_;
    bool read_ = false;
    T value_{};
};

struct IntegerRule {
    std::optional<std::int64_t> fallback{};
    std::int64_t min = std::numeric_limits<std::int32_t>::min();
    std::int64_t max = std::numeric_limits<std::int32_t>::max();
    bool optional = false;
};

class Integer final : public ValueField<std::int64_t> {
  public:
    Integer(Record *owner, std::string name, std::string help, IntegerRule rule = {})
        : ValueField(owner, std::move(name), std::move(help), rule.fallback, rule.optional),
          rule_(rule) {}

    void describe(JsonObject &schema, Definitions &) const override {
        schema.text("type", "integer").integer("minimum", rule_.min).integer("maximum", rule_.max);
        if (fallback()) schema.integer("default", *fallback());
    }
    void read(const Reader &reader) override {
        std::int64_t value = 0;
        checked([&](spar_error *e) {
            return reader.host->get_integer(reader.params, reader.pointer.c_str(), &value, e);
        });
        set(value);
    }

  private:
    IntegerRule rule_;
};

struct NumberRule {
    std::optional<double> fallback{};
    double min = -std::numeric_limits<float>::max();
    double max = std::numeric_limits<float>::max();
    std::optional<double> above{};  /// must be greater than this; instead of `min`
    std::optional<double> below{};  /// must be less than this; instead of `max`
    const char *unit = "";
    bool optional = false;
};

class Number final : public ValueField<double> {
  public:
    Number(Record *owner, std::string name, std::string help, NumberRule rule = {})
        : ValueField(owner, std::move(name), std::move(help), rule.fallback, rule.optional),
          rule_(rule) {}

    void describe(JsonObject &schema, Definitions &) const override {
        schema.text("type", "number");
        if (rule_.above)
            schema.number("exclusiveMinimum", *rule_.above);
        else
            schema.number("minimum", rule_.min);
        if (rule_.below)
            schema.number("exclusiveMaximum", *rule_.below);
        else
            schema.number("maximum", rule_.max);
        if (*rule_.unit != '\0') schema.text("x-unit", rule_.unit);
        if (fallback()) schema.number("default", *fallback());
    }
    void read(const Reader &reader) override {
        double value = 0;
        checked([&](spar_error *e) {
            return reader.host->get_number(reader.params, reader.pointer.c_str(), &value, e);
        });
        set(value);
    }

  private:
    NumberRule rule_;
};

struct BooleanRule {
    std::optional<bool> fallback{};
};

class Boolean final : public ValueField<bool> {
  public:
    Boolean(Record *owner, std::string name, std::string help, BooleanRule rule = {})
        : ValueField(owner, std::move(name), std::move(help), rule.fallback, false) {}

    void describe(JsonObject &schema, Definitions &) const override {
        schema.text("type", "boolean");
        if (fallback()) schema.raw("default", *fallback() ? "true" : "false");
    }
    void read(const Reader &reader) override {
        std::int32_t value = 0;
        checked([&](spar_error *e) {
            return reader.host->get_boolean(reader.params, reader.pointer.c_str(), &value, e);
        });
        set(value != 0);
    }
};

struct TextRule {
    std::optional<std::string> fallback{};
    bool optional = false;
};

class Text final : public ValueField<std::string> {
  public:
    Text(Record *owner, std::string name, std::string help, TextRule rule = {})
        : ValueField(owner, std::move(name), std::move(help), std::move(rule.fallback),
                     rule.optional) {}

    void describe(JsonObject &schema, Definitions &) const override {
        schema.text("type", "string");
        if (fallback()) schema.text("default", *fallback());
    }
    void read(const Reader &reader) override { set(reader.text()); }
};

/// One of a few words.
class Choice final : public ValueField<std::string> {
  public:
    Choice(Record *owner, std::string name, std::string help, std::vector<std::string> words,
           TextRule rule = {})
        : ValueField(owner, std::move(name), std::move(help), std::move(rule.fallback),
                     rule.optional),
          words_(std::move(words)) {}

    void describe(JsonObject &schema, Definitions &) const override {
        JsonArray words;
        for (const std::string &word : words_) words.text(word);
        schema.text("type", "string").raw("enum", words.str());
        if (fallback()) schema.text("default", *fallback());
    }
    void read(const Reader &reader) override { set(reader.text()); }
    bool is(std::string_view word) const { return **this == word; }

  private:
    std::vector<std::string> words_;
};

/// A file's name. It arrives absolute; in a pipeline it is relative to the file that contains it.
class Path final : public ValueField<std::string> {
  public:
    Path(Record *owner, std::string name, std::string help, TextRule rule = {})
        : ValueField(owner, std::move(name), std::move(help), std::move(rule.fallback),
                     rule.optional) {}

    void describe(JsonObject &schema, Definitions &) const override {
        schema.text("type", "string").raw("x-spar-path", "true");
        if (fallback()) schema.text("default", *fallback());
    }
    void read(const Reader &reader) override {
        const char *value = nullptr;
        checked([&](spar_error *e) {
            return reader.host->get_path(reader.params, reader.pointer.c_str(), &value, e);
        });
        set(value);
    }
};

struct ListRule {
    std::int64_t min_items = 0;
    std::int64_t max_items = 100000;
    bool optional = false;  /// may be left out, and is then empty
};

/// A list of values, each described and read by a field of its own kind.
template <class Item, class T, class Rule>
class List final : public ValueField<std::vector<T>> {
  public:
    List(Record *owner, std::string name, std::string help, Rule each = {}, ListRule rule = {})
        : ValueField<std::vector<T>>(owner, std::move(name), std::move(help), std::nullopt,
                                     rule.optional),
          each_(each),
          rule_(rule) {}

    void describe(JsonObject &schema, Definitions &definitions) const override {
        Record none;
        const Item item(&none, "", "", each_);
        JsonObject items;
        item.describe(items, definitions);
        schema.text("type", "array").raw("items", items.str());
        schema.integer("minItems", rule_.min_items).integer("maxItems", rule_.max_items);
    }
    void read(const Reader &reader) override {
        std::vector<T> values;
        for (std::int64_t i = 0; i < reader.size(); ++i) {
            Record none;
            Item item(&none, "", "", each_);
            item.read(reader.at(i));
            values.push_back(*item);
        }
        this->set(std::move(values));
    }

  private:
    Rule each_;
    ListRule rule_;
};

using Integers = List<Integer, std::int64_t, IntegerRule>;
using Numbers = List<Number, double, NumberRule>;
using Paths = List<Path, std::string, TextRule>;

}  // namespace spar
