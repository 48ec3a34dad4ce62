// Parameters, declared once. A component (or a part of one) is a Record; each parameter is a field,
// declared as a member with its name, its help, its default and its range:
//
//     class Pgd : public spar::Attack {
//         spar::Integer steps{this, "steps", "gradient steps", {.fallback = 10, .min = 1}};
//
// The JSON Schema, the checks, the defaults, the reference page and the value at run time all come
// from that one declaration.
#pragma once

#include <spar/error.hpp>
#include <spar/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace SPAR_HIDDEN spar {

/// Where fields read their values: the host's parameters below a JSON pointer.
struct Reader {
    const spar_host *host;
    const spar_params *params;
    std::string pointer;

    Reader at(const std::string &name) const { return {host, params, pointer + "/" + name}; }
    Reader at(std::int64_t index) const { return at(std::to_string(index)); }
    spar_value_kind kind() const { return host->value_kind(params, pointer.c_str()); }
    std::int64_t size() const { return host->value_size(params, pointer.c_str()); }
    bool present() const { return kind() != SPAR_VALUE_ABSENT; }

    std::string text() const {
        const char *value = nullptr;
        checked(
            [&](spar_error *e) { return host->get_string(params, pointer.c_str(), &value, e); });
        return value;
    }
};

/// Schemas that several places refer to by name (recursive lists of layers).
using Definitions = std::map<std::string, std::string>;

class Record;

/// One parameter. `describe` gives its schema, `read` its value.
class Field {
  public:
    Field(Record *owner, std::string name, std::string help);
    virtual ~Field() = default;
    Field(const Field &) = delete;
    Field &operator=(const Field &) = delete;

    const std::string &name() const { return name_; }
    const std::string &help() const { return help_; }
    /// Whether the pipeline must give it, having no default and not being optional.
    virtual bool required() const = 0;
    virtual void describe(JsonObject &schema, Definitions &definitions) const = 0;
    /// Called if the value is present.
    virtual void read(const Reader &reader) = 0;

  private:
    std::string name_, help_;
};

/// Something with parameters. Fields register themselves in the order of their declaration.
class Record {
  public:
    Record() = default;
    virtual ~Record() = default;
    Record(const Record &) = delete;
    Record &operator=(const Record &) = delete;

    /// Called once all fields have their values. Check here what the range of a single field cannot
    /// express, and throw spar::invalid(message, "/pointer").
    virtual void configure() {}

    void add(Field *field) { fields_.push_back(field); }

    /// Reads every field that is present, then calls configure().
    void read(const Reader &reader) {
        for (Field *field : fields_) {
            const Reader here = reader.at(field->name());
            if (here.present())
                field->read(here);
            else if (field->required())
                throw invalid("the parameter \"" + field->name() + "\" is missing", here.pointer);
        }
        try {
            configure();
        } catch (const Error &error) {
            throw Error(error.code(), error.what(), reader.pointer + error.pointer());
        }
    }

    /// JSON Schema (draft-07) of an object with these parameters. `type`, if given, is the value
    /// that its "type" member must have.
    JsonObject schema(const std::string &type, Definitions &definitions) const {
        JsonObject properties;
        JsonArray required;
        if (!type.empty()) {
            properties.raw("type", JsonObject().text("const", type).str());
            required.text("type");
        }
        for (const Field *field : fields_) {
            JsonObject property;
            property.text("description", field->help());
            field->describe(property, definitions);
            properties.raw(field->name(), property.str());
            if (field->required()) required.text(field->name());
        }
        JsonObject schema;
        schema.text("type", "object");
        schema.raw("properties", properties.str());
        schema.raw("required", required.str());
        schema.raw("additionalProperties", "false");
        return schema;
    }

  private:
    std::vector<Field *> fields_;
};

inline Field::Field(Record *owner, std::string name, std::string help)
    : name_(std::move(name)), help_(std::move(help)) {
    owner->add(this);
}

}  // namespace spar
