#include "plugin_loader.hpp"

#include "app/probe.hpp"
#include "base/sha256.hpp"
#include "plugins/search.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <cfenv>

namespace fs = std::filesystem;
using namespace spar;
using namespace spar::host;
using spar::test::Folder;

namespace {

Registry found_in(const std::vector<fs::path> &folders) {
    return Registry::discover(folders, host_table(), {}, probe);
}

/// Why the only file of a folder is refused.
std::string refusal_in(const fs::path &folder) {
    const Registry registry = found_in({folder});
    CHECK(registry.components().empty());
    REQUIRE(registry.refusals().size() == 1);
    return registry.refusals()[0].reason;
}

/// Why a toy is refused, alone in a folder.
std::string refusal_of(const std::string &toy) {
    const Folder folder;
    fs::copy(fs::path(TOYS) / "faulty" / (toy + ".so"), folder.path());
    return refusal_in(folder.path());
}

bool has(const std::string &text, const std::string &part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the components of a plugin, by kind and name") {
    const Registry registry = found_in({fs::path(TOYS) / "good"});
    CHECK(registry.refusals().empty());
    REQUIRE(registry.plugins().size() == 1);
    const PluginFile &plugin = *registry.plugins()[0];
    CHECK(plugin.name == "toys");
    CHECK(plugin.version == "1.2.3");
    CHECK(plugin.path.is_absolute());
    CHECK(plugin.sha256 == sha256_of_file(plugin.path));
    CHECK(registry.names(SPAR_KIND_ATTACK) == std::vector<std::string>{"chain", "hall", "push"});
    CHECK(registry.components().front().descriptor->kind == SPAR_KIND_DATASET);
    CHECK(registry.components().back().descriptor->kind == SPAR_KIND_REPORTER);
    const ComponentEntry *push = registry.find(SPAR_KIND_ATTACK, "push");
    REQUIRE(push != nullptr);
    CHECK(push->schema->at("properties").at("steps").at("maximum") == 1000);
    CHECK(registry.find(SPAR_KIND_LOSS, "push") == nullptr);
    CHECK(registry.find("push").size() == 1);
}

TEST_CASE("a name that is taken is refused, with both files named") {
    const fs::path good = fs::path(TOYS) / "good", twin = fs::path(TOYS) / "twin";
    const Registry registry = found_in({twin, good});
    CHECK(registry.plugins().size() == 1);
    CHECK(registry.plugins()[0]->name == "twin");
    REQUIRE(registry.refusals().size() == 1);
    CHECK(registry.refusals()[0].path == fs::canonical(good / "toys.so"));
    CHECK(has(registry.refusals()[0].reason, fs::canonical(twin / "twin.so").string()));
    CHECK(has(registry.refusals()[0].reason, "attack \"push\""));
    CHECK_MESSAGE(registry.find(SPAR_KIND_MODEL, "net") == nullptr, "refused as a whole");
}

TEST_CASE("one file found twice is one plugin") {
    const Folder folder, copies;
    const fs::path toys = fs::path(TOYS) / "good" / "toys.so";
    fs::create_symlink(toys, folder.path() / "a.so");
    fs::copy(toys, copies.path() / "copy.so");
    fs::create_hard_link(copies.path() / "copy.so", copies.path() / "link.so");
    const Registry registry =
        found_in({fs::path(TOYS) / "good", folder.path(), fs::path(TOYS) / "good", copies.path()});
    CHECK(registry.plugins().size() == 1);
    CHECK(registry.refusals().empty());
}

TEST_CASE("folders that are missing or empty contain nothing") {
    const Folder folder;
    folder.write("readme.txt", "no plugin");
    fs::create_directory(folder.path() / "folder.so");
    const Registry registry = found_in({"/nonexistent", folder.path()});
    CHECK(registry.components().empty());
    REQUIRE(registry.refusals().size() == 1);
    CHECK(registry.refusals()[0].reason == "is not a regular file");
}

TEST_CASE("plugins that end or change the process are refused, and it lives on") {
    CHECK(has(refusal_of("faulty_1"), "signal 11"));
    CHECK(has(refusal_of("faulty_2"), "exits with status 0"));
    CHECK(has(refusal_of("faulty_3"), "signal 6"));
    CHECK(has(refusal_of("faulty_4"), "the rounding mode while it is loaded"));
    CHECK(has(refusal_of("faulty_25"), "the rounding mode while its entry is called"));
    CHECK(has(refusal_of("faulty_26"), "exits with status 0"));
    CHECK(std::fegetround() == FE_TONEAREST);
    volatile float denormal = 1e-39F;
    CHECK(has(refusal_of("fast_math"), "-ffast-math"));
    CHECK(denormal * 1.0F != 0.0F);
    CHECK(has(refusal_of("throwing_1"), "thrown while loading"));
    CHECK(has(refusal_of("throwing_2"), "thrown out of the entry"));
    CHECK(has(refusal_of("faulty_24"), "gives up in its entry: \"no\""));
}

TEST_CASE("answers that break the contract are refused, each with its reason") {
    const std::pair<int, const char *> faults[] = {
        {5, "answers its entry with nothing"},
        {6, "has 8 bytes"},
        {7, "needs minor version 7 of the contract (for \"telepathy\"), this host offers 3"},
        {8, "list of components null"},
        {9, "component 0 null"},
        {10, "\"Bad Name\""},
        {11, "of kind 99"},
        {12, "schema of \"faulty\" that is no JSON"},
        {13, "#/properties/a/type: expected the name of a type"},
        {14, "does not exist"},
        {15, "leads in a circle"},
        {16, "summary of \"faulty\" that is not UTF-8"},
        {17, "no \"create\""},
        {18, "no function \"evaluate\""},
        {19, "no table of functions"},
        {20, "loss \"faulty\" twice"},
        {21, "its name null"},
        {22, "has 4294967295 bytes"},
        {23, "holds 0 components"},
        {27,
         "schema of \"faulty\" that is malformed: #/properties/a/default: expected an attack; "
         "found a loss, \"faulty\""},
        {28, "#/properties/a/default: expected a component, an object with the text \"type\""},
    };
    for (const auto &entry : faults) {
        const auto &fault = entry.first;
        const auto &reason = entry.second;
        INFO("fault ", fault);
        CHECK(has(refusal_of("faulty_" + std::to_string(fault)), reason));
    }
    const Folder folder;
    fs::copy(fs::path(TOYS) / "faulty" / "faulty_0.so", folder.path());
    CHECK(found_in({folder.path()}).find(SPAR_KIND_LOSS, "faulty") != nullptr);
}

TEST_CASE("a bad file does not keep the good ones out") {
    const Folder folder;
    fs::copy(fs::path(TOYS) / "faulty" / "faulty_1.so", folder.path() / "a.so");
    fs::copy(fs::path(TOYS) / "faulty" / "faulty_2.so", folder.path() / "b.so");
    fs::copy(fs::path(TOYS) / "good" / "toys.so", folder.path() / "c.so");
    fs::copy(fs::path(TOYS) / "faulty" / "throwing_1.so", folder.path() / "d.so");
    fs::copy(fs::path(TOYS) / "faulty" / "faulty_0.so", folder.path() / "e.so");
    const Registry registry = found_in({folder.path()});
    CHECK(registry.plugins().size() == 2);
    CHECK(registry.refusals().size() == 3);
}

TEST_CASE("the order of the folders") {
    const Folder folder;
    ::setenv("SPAR_PLUGIN_PATH", "/one::relative", 1);
    ::setenv("XDG_DATA_HOME", "/data", 1);
    const std::vector<fs::path> folders = plugin_folders({"/given"});
    REQUIRE(folders.size() > 4);
    CHECK(folders[0] == "/given");
    CHECK(folders[1] == "/one");
    CHECK(folders[2] == "/data/spar/plugins");  // "relative" is left out, and said
    CHECK(search_faults().size() == 2);
    CHECK(folders.back().filename() == "plugins");
    for (const fs::path &each : folders) CHECK(each.is_absolute());
    ::unsetenv("XDG_DATA_HOME");
    ::setenv("HOME", "/home/somebody", 1);
    CHECK(plugin_folders({})[1] == "/home/somebody/.local/share/spar/plugins");
}
