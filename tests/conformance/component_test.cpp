// What every component must satisfy, whatever its kind: its schema, its parameters, its life.
#include "schema_walk.hpp"

#include "components.hpp"

#include "base/problems.hpp"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

using namespace spar;
using namespace spar::test;

namespace {

using Plain = nlohmann::json;  // valijson's adapter knows no other

Plain plain(const host::Json &json) {
    return Plain::parse(json.dump());
}

/// The objection of an independent validator to a value; empty: none.
std::string against(const Plain &schema, const Plain &value) {
    valijson::Schema parsed;
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    const valijson::adapters::NlohmannJsonAdapter from(schema), at(value);
    try {
        parser.populateSchema(from, parsed);
    } catch (const std::exception &e) {
        return std::string("the schema: ") + e.what();
    }
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(parsed, at, &results)) return "";
    valijson::ValidationResults::Error error;
    return results.popError(error) ? error.context.back() + ": " + error.description : "?";
}

/// The example with one value changed, checked; where problems were found, by pointer.
std::vector<std::string> places_of_problems(const Sample &sample, const std::string &pointer,
                                            const host::Json &value) {
    host::Json pipeline = *sample.plan.resolved;
    pipeline[host::Json::json_pointer(sample.pointer + pointer)] = value;
    try {
        host::parse_plan(pipeline.dump(), "p", example_folder().path(), {}, registry());
    } catch (const host::PipelineError &error) {
        std::vector<std::string> places;
        for (const host::Problem &problem : error.problems()) {
            CHECK(!problem.message.empty());
            places.push_back(problem.place.substr(problem.place.find('#') + 1));
        }
        return places;
    }
    return {};
}

/// Values that a schema's own keywords forbid.
std::vector<host::Json> forbidden(const host::Json &schema) {
    std::vector<host::Json> values{nullptr};
    const std::string type = schema.value("type", "");
    if (type == "integer") values.push_back(1.5);
    if (type == "integer" || type == "number") values.push_back("text");
    if (type == "boolean" || type == "array") values.push_back("text");
    if (type == "string" || type == "object") values.push_back(12);
    if (schema.contains("enum")) values.push_back("no_such_word");
    const auto bound = [&](const char *name, double step) {
        if (!schema.contains(name)) return;
        const double edge = schema[name].get<double>();
        if (type == "integer")
            values.push_back(static_cast<std::int64_t>(edge + step));
        else
            values.push_back(edge + step * std::max(1.0, std::abs(edge)));
    };
    bound("minimum", -1);
    bound("maximum", 1);
    if (schema.contains("exclusiveMinimum")) values.push_back(schema["exclusiveMinimum"]);
    if (schema.contains("exclusiveMaximum")) values.push_back(schema["exclusiveMaximum"]);
    return values;
}

}  // namespace

TEST_CASE("a schema is draft-07 and takes the component's own example") {
    const Plain meta =
        Plain::parse(file_content(SPAR_SOURCE_DIR "/tests/conformance/draft-07.json"));
    for (const Sample &sample : samples()) {
        INFO(sample.name());
        const Plain schema = Plain::parse(sample.entry->descriptor->schema);
        CHECK(against(meta, schema) == "");
        CHECK(against(schema, plain(sample.node)) == "");
        Plain unknown = plain(sample.node);
        unknown["no_such_parameter"] = 1;
        CHECK(against(schema, unknown) != "");
    }
}

TEST_CASE("a component says what it is, and what each parameter means") {
    for (const Sample &sample : samples()) {
        INFO(sample.name());
        const std::string summary = sample.entry->descriptor->summary;
        CHECK(summary.size() > 10);
        CHECK(summary.back() == '.');
        for_each_property(*sample.entry->schema, [&](const std::string &name, const host::Json &p) {
            INFO(name);
            CHECK(p.value("description", "").size() > 2);
        });
    }
}

TEST_CASE("every default is inside its own range") {
    for (const Sample &sample : samples()) {
        INFO(sample.name());
        for_each_property(*sample.entry->schema, [&](const std::string &name, const host::Json &p) {
            INFO(name);
            if (!p.contains("default")) return;
            host::Json whole = p;
            if (sample.entry->schema->contains("definitions"))
                whole["definitions"] = sample.entry->schema->at("definitions");
            CHECK(against(plain(whole), plain(p["default"])) == "");
        });
    }
}

TEST_CASE("a plan with its defaults filled in is a pipeline that gives the same plan") {
    for (const Sample &sample : samples()) {
        INFO(sample.name());
        const host::Plan again = host::parse_plan(sample.plan.resolved->dump(), "again",
                                                  example_folder().path(), {}, registry());
        CHECK(again.resolved->dump() == sample.plan.resolved->dump());
        for (const auto &property : sample.entry->schema->at("properties").items()) {
            const std::string &name = property.key();
            CAPTURE(name);
            if (property.value().contains("default")) CHECK(sample.node.contains(name));
        }
    }
}

TEST_CASE("values out of range are refused at their place") {
    for (const Sample &sample : samples()) {
        INFO(sample.name());
        for_each_value(sample.node, *sample.entry->schema,
                       [&](const std::string &pointer, const host::Json &schema) {
                           for (const host::Json &value : forbidden(schema)) {
                               INFO(sample.pointer, pointer, " = ", value.dump());
                               const auto places = places_of_problems(sample, pointer, value);
                               REQUIRE(!places.empty());
                               CHECK(places[0] == sample.pointer + pointer);
                           }
                       });
        CHECK(places_of_problems(sample, "/no_such_parameter", 1) ==
              std::vector{sample.pointer + "/no_such_parameter"});
    }
}

TEST_CASE("a component is made and destroyed again and again") {
    for (const Sample &sample : samples()) {
        INFO(sample.name());
        for (int i = 0; i < 200; ++i) sample.make();
    }
}
