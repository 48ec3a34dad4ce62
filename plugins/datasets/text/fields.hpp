// Parameters that are either a name or a number.
#pragma once

#include "../common/labels.hpp"

namespace text {

/// A column of a file: its name, or its number from 1.
class Column final : public spar::ValueField<std::string> {
  public:
    Column(spar::Record *owner, std::string name, std::string help)
        : ValueField(owner, std::move(name), std::move(help), std::nullopt, true) {}

    void describe(spar::JsonObject &schema, spar::Definitions &) const override {
        schema.raw("oneOf",
                   R"([{"type":"string"},{"type":"integer","minimum":1,"maximum":100000}])");
    }
    void read(const spar::Reader &reader) override {
        if (reader.kind() == SPAR_VALUE_NUMBER) {
            spar::checked([&](spar_error *e) {
                return reader.host->get_integer(reader.params, reader.pointer.c_str(), &number_, e);
            });
            set("column " + std::to_string(number_));
        } else {
            set(reader.text());
        }
    }
    /// 0: given by its name, or not at all.
    std::int64_t number() const { return number_; }
    bool named() const { return given() && number_ == 0; }

  private:
    std::int64_t number_ = 0;
};

/// The number of classes, or their names in order.
class Classes final : public spar::ValueField<std::vector<std::string>> {
  public:
    Classes(spar::Record *owner, std::string name, std::string help)
        : ValueField(owner, std::move(name), std::move(help), std::nullopt, true) {}

    void describe(spar::JsonObject &schema, spar::Definitions &) const override {
        const std::string most = std::to_string(datasets::most_classes);
        schema.raw("oneOf", R"([{"type":"integer","minimum":1,"maximum":)" + most +
                                R"(},{"type":"array","items":{"type":"string"},"minItems":1,)"
                                R"("maxItems":)" +
                                most + "}]");
    }
    void read(const spar::Reader &reader) override {
        if (reader.kind() == SPAR_VALUE_NUMBER) {
            spar::checked([&](spar_error *e) {
                return reader.host->get_integer(reader.params, reader.pointer.c_str(), &count_, e);
            });
            set({});
            return;
        }
        std::vector<std::string> names;
        for (std::int64_t i = 0; i < reader.size(); ++i) names.push_back(reader.at(i).text());
        set(std::move(names));
    }
    /// 0: not given as a number.
    std::int64_t count() const { return count_; }

  private:
    std::int64_t count_ = 0;
};

}  // namespace text
