// A component in a few words of a command line.
#include "compose/node_text.hpp"
#include "base/failure.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using spar::host::Failure;
using spar::host::Json;
using spar::host::node_of_text;

TEST_CASE("a name, and parameters that are JSON or text") {
    const auto same = [](const char *text, const char *json) {
        INFO(text);
        CHECK(node_of_text(text, "--attack").dump() == Json::parse(json).dump());
    };
    same("pgd", R"({"type": "pgd"})");
    same("pgd:steps=40,restarts=5", R"({"type": "pgd", "steps": 40, "restarts": 5})");
    same("pgd:step_size=2/255,random_start=false",
         R"({"type": "pgd", "step_size": "2/255", "random_start": false})");
    same(R"(a:list=[1,2,"x,y"],node={"type":"b","c":[3,4]},d=e)",
         R"({"type": "a", "list": [1, 2, "x,y"], "node": {"type": "b", "c": [3, 4]}, "d": "e"})");
    same("a:b=c=d", R"({"type": "a", "b": "c=d"})");
    same("a:b=", R"({"type": "a", "b": ""})");
    same(R"(a:b="]\",")", R"({"type": "a", "b": "]\","})");
}

TEST_CASE("anything else is refused, with the option and what was expected") {
    for (const std::string text :
         {"", ":", "pgd:", "pgd:steps", "pgd:=3", "pgd:steps=1,", "pgd:steps=1,,b=2",
          "pgd:steps=1,steps=2", "pgd:type=fgsm", "{\"type\": \"pgd\"}", "pgd,fgsm", "a\xff"}) {
        CAPTURE(text);
        try {
            node_of_text(text, "--attack");
            FAIL("it was taken");
        } catch (const Failure &failure) {
            CHECK(failure.exit() == spar::host::Exit::usage);
            const std::string what = failure.what();
            CHECK(what.starts_with("--attack: expected"));
            CHECK(what.find("pgd:steps=40,restarts=5") != std::string::npos);
        }
    }
    // What looks like JSON and is none is not taken for text.
    CHECK_THROWS_AS(node_of_text("a:b=[1,2", "--attack"), Failure);
    CHECK_THROWS_AS(node_of_text("a:b=\"x", "--attack"), Failure);
}
