// Every key of a pipeline is documented on a page.
#include "plugin_loader.hpp"

#include "plan/grammar.hpp"
#include "text/schema.hpp"

#include <set>

using namespace spar::host;

namespace {

struct Key {
    std::string name;
    const Json *schema;
};

/// Every key of the grammar, however deep.
void collect(const Json &schema, std::vector<Key> &keys) {
    if (schema.is_array())
        for (const Json &element : schema) collect(element, keys);
    if (!schema.is_object()) return;
    for (const auto &[word, value] : schema.items()) {
        if (word == "properties" && value.is_object())
            for (const auto &[name, property] : value.items()) {
                keys.push_back({name, &property});
                collect(property, keys);
            }
        else if (word != "default")
            collect(value, keys);
    }
}

}  // namespace

TEST_CASE("every key of the grammar says what it is, in the reference or the guide") {
    const std::string pages =
        spar::test::file_content(SPAR_SOURCE_DIR "/docs/reference/pipeline.md") +
        spar::test::file_content(SPAR_SOURCE_DIR "/docs/compose.md");
    std::vector<Key> keys;
    collect(grammar(), keys);
    REQUIRE(keys.size() > 50);
    for (const auto &[name, schema] : keys) {
        INFO(name);
        CHECK(pages.find("`" + name + "`") != std::string::npos);
        if (name == "type") continue;
        const Json &leads_to = resolved(*schema, grammar());
        CHECK((schema->contains("description") || leads_to.contains("description")));
    }
    for (const char *name : {"vars", "extends"})
        CHECK(pages.find("`" + std::string(name) + "`") != std::string::npos);
}
