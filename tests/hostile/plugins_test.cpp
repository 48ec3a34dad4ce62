// Plugins that must not be loaded: each is refused separately, with the reason, and the rest goes
// on.
#include "process.hpp"

#include "app/probe.hpp"
#include "base/float_mode.hpp"

using namespace spar;
using namespace spar::test;

namespace {

const std::string broken = SPAR_ZOO_DIR "/broken/";

/// What the refusal of each says.
const std::map<std::string, std::string> expected = {
    {"exits_on_load", "ends the process while it is loaded"},
    {"aborts_on_load", "ends the process while it is loaded"},
    {"crashes_on_load", "ends the process while it is loaded"},
    {"rounds_upward_on_load", "changes the rounding mode"},
    {"fast_math", "-ffast-math"},
    {"undefined_symbol", "spar_no_such_function"},
    {"throws_in_constructor", "thrown by a static constructor"},
    {"throws_in_entry", "thrown by the entry"},
    {"tiny_answer", "8 bytes"},
    {"huge_answer", "1073741824 bytes"},
    {"needs_minor_99", "time travel"},
    {"no_components", "holds 0 components"},
    {"too_many_components", "4000000000 components"},
    {"null_components", "leaves its list of components null"},
    {"null_component", "component 0 null"},
    {"same_name_twice", "twice"},
    {"null_name", "its name null"},
    {"no_version", "no version"},
    {"tiny_component", "16 bytes"},
    {"zero_component", "0 bytes"},
    {"kind_99", "kind 99"},
    {"null_type", "the type of its component 0 null"},
    {"odd_type", "a type is lower-case letters"},
    {"type_not_utf8", "not UTF-8"},
    {"no_summary", "no summary"},
    {"null_formula", "the formula of"},
    {"null_schema", "the schema of"},
    {"schema_no_json", "is no JSON"},
    {"schema_a_list", "malformed"},
    {"schema_lost_reference", "malformed"},
    {"schema_deep", "is no JSON"},
    {"null_table", "no table of functions"},
    {"tiny_table", "8 bytes"},
    {"huge_table", "4294967295 bytes"},
    {"null_function", "no function \"perturb\""},
    {"null_create", "no \"create\" or no \"destroy\""},
    {"null_destroy", "no \"create\" or no \"destroy\""},
    {"save_without_load", "one of \"save\" and \"load\""},
    {"other_major", "spar_plugin_entry_v2"},
    {"no_entry", "spar_plugin_entry_v1"},
    {"entry_fails", "no licence found"},
    {"entry_endless_message", "xxxxxxxx"},
    {"entry_answers_nothing", "answers its entry with nothing"},
};

}  // namespace

TEST_CASE("every broken plugin is refused for its own reason, and the sound one is there") {
    const host::FloatMode before = host::FloatMode::now();
    const host::Registry found =
        host::Registry::discover({broken}, host::host_table(), {}, host::probe);
    CHECK((host::FloatMode::now() == before));
    CHECK(found.names(SPAR_KIND_ATTACK) == std::vector<std::string>{"broken"});
    REQUIRE(found.plugins().size() == 1);
    CHECK(found.plugins()[0]->path.filename() == "sound.so");
    CHECK(found.refusals().size() == expected.size());
    for (const host::Refusal &refusal : found.refusals()) {
        INFO(refusal.path.string(), ": ", refusal.reason);
        const auto wanted = expected.find(refusal.path.stem().string());
        REQUIRE(wanted != expected.end());
        CHECK(refusal.reason.find(wanted->second) != std::string::npos);
        CHECK(refusal.reason.size() < 1000);
    }
}

TEST_CASE("of two components with one name the first stays and the second is refused") {
    const host::Registry found =
        host::Registry::discover({SPAR_ZOO_DIR "/twins"}, host::host_table());
    REQUIRE(found.plugins().size() == 1);
    CHECK(found.plugins()[0]->path.filename() == "first.so");
    REQUIRE(found.refusals().size() == 1);
    CHECK(found.refusals()[0].path.filename() == "second.so");
    CHECK(found.refusals()[0].reason.find("first.so") != std::string::npos);
}

TEST_CASE("a plugin that never comes back from being loaded is given up") {
    const std::vector<std::filesystem::path> files{SPAR_ZOO_DIR "/hanging/hangs_on_load.so",
                                                   broken + "sound.so"};
    const auto probed = host::probe_patiently(
        files, host::host_table(), [] {}, std::chrono::milliseconds(500));
    CHECK(probed[0].fault.find("does not come back") != std::string::npos);
    CHECK(probed[1].fault == "");
    REQUIRE(probed[1].description);
    CHECK(probed[1].description->components.size() == 1);
}

TEST_CASE("the command lists what it refused, and works without it") {
    const Ended listed = spar::test::spar({"list", "--plugin-dir", broken});
    CHECK(listed.code == 0);
    for (const auto &entry : expected) {
        const auto &name = entry.first;
        CAPTURE(name);
        CHECK(listed.says(name + ".so"));
    }
    const Ended json = spar::test::spar({"list", "--json", "--plugin-dir", broken});
    CHECK(json.code == 0);
    CHECK(nlohmann::json::accept(json.out));
    CHECK(json.out.find("thrown by the entry") != std::string::npos);
}
