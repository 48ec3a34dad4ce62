// The files installed with the command cover every command, option and exit code.
#include "toy_spar.hpp"

#include <regex>
#include <set>

using namespace spar;
using namespace spar::test;

namespace {

const std::string share = SPAR_SOURCE_DIR "/framework/app/share/";

std::set<std::string> all_of(const std::string &text, const char *pattern) {
    std::set<std::string> found;
    const std::regex what(pattern);
    for (std::sregex_iterator it(text.begin(), text.end(), what), end; it != end; ++it)
        found.insert((*it)[1]);
    return found;
}

std::set<std::string> commands() {
    return all_of(spar::test::spar({"help"}).out, "\n  ([a-z]+) ");
}

}  // namespace

TEST_CASE("completions and the manual know every command and every option") {
    REQUIRE(commands().size() >= 6);
    for (const char *name : {"spar.bash", "_spar", "spar.fish", "spar.1"}) {
        std::string text = file_content(share + name);
        text = std::regex_replace(text, std::regex(R"(\\-)"), "-");
        for (const std::string &command : commands()) {
            INFO(name, " ", command);
            CHECK(has(text, command));
            for (const std::string &option :
                 all_of(spar::test::spar({"help", command}).out, "--([a-z-]+)"))
                CHECK(has(text, option));
        }
    }
}

TEST_CASE("the completion for bash completes, and no shell refuses its file") {
    const auto complete = [](const std::string &words, int at) {
        return shell("source " + share + "spar.bash; COMP_WORDS=(" + words +
                     "); COMP_CWORD=" + std::to_string(at) + "; _spar; echo ${COMPREPLY[*]}")
            .out;
    };
    CHECK(complete("spar ru", 1) == "run\n");
    CHECK(complete("spar run --res", 2) == "--resume --resume=anyway\n");
    CHECK(complete("spar run --resume=a", 2) == "--resume=anyway\n");
    CHECK(complete("spar list opt", 2) == "optimizer\n");
    CHECK(complete("spar describe thr", 2) == "threat\n");
    CHECK(complete("spar describe vars", 2) == "vars\n");
    // Layers are parts of a component, and have no place in its list.
    const std::string path = "PATH=$(dirname \"$SPAR\"):$PATH; ";
    CHECK(shell(path + "source " + share +
                "spar.bash; COMP_WORDS=(spar describe dens); COMP_CWORD=2; _spar; echo "
                "${COMPREPLY[*]}")
              .out == "dense\n");
    CHECK(shell(path + "source " + share +
                "spar.bash; COMP_WORDS=(spar describe attack dat); COMP_CWORD=3; _spar; echo "
                "${COMPREPLY[*]}")
              .out == "\n");
    CHECK(shell("bash -n " + share + "spar.bash").code == 0);
    for (const char *other : {"zsh -n ", "fish -n "}) {
        const std::string name = other[0] == 'z' ? "_spar" : "spar.fish";
        const int code = shell(other + share + name).code;
        CHECK((code == 0 || code == 127));  // where it is installed
    }
}

TEST_CASE(
    "completions and the manual know --resume=anyway, and name no file that is not installed") {
    for (const char *name : {"spar.bash", "_spar", "spar.fish", "spar.1"}) {
        INFO(name);
        CHECK(has(file_content(share + name), "anyway"));
    }
    CHECK(!has(file_content(share + "spar.1"), "docs/"));
}

TEST_CASE("the manual and the guide list every exit code") {
    const std::string manual = file_content(share + "spar.1");
    const std::string guide = file_content(SPAR_SOURCE_DIR "/docs/compose.md");
    std::string source = file_content(SPAR_SOURCE_DIR "/framework/base/failure.hpp");
    for (const std::string &code : all_of(source, " = ([0-9]+),")) {
        INFO(code);
        CHECK(has(manual, ".B " + code + "\n"));
        CHECK(std::regex_search(guide, std::regex("[ (|`]" + code + "[ `]")));
    }
}
