// spar describe and list: parts of the pipeline, parts of components, and the terminal's width.
#include "toy_spar.hpp"

#include "base/paragraph.hpp"

#include <sstream>

using namespace spar;
using namespace spar::test;

TEST_CASE("describe explains the pipeline's own parts") {
    for (const char *part : {"pipeline", "data", "validation", "threat", "schedule", "train",
                             "evaluate", "clip", "ema", "threshold", "model", "attacks"}) {
        INFO(part);
        const Ended ended = toy_spar({"describe", part});
        CHECK(ended.code == 0);
        CHECK(ended.out.starts_with(part));
        CHECK(host::Json::parse(toy_spar({"describe", part, "--json"}).out).is_structured());
    }
    CHECK(has(toy_spar({"describe", "threat"}).out, "a number from 0 to 1e+30; required"));
    CHECK(has(toy_spar({"describe", "schedule"}).out, "milestones"));
    CHECK(has(toy_spar({"describe", "train"}).out, "checkpoint_every"));
    CHECK(has(toy_spar({"describe", "model"}).out, "weights"));
    CHECK(has(toy_spar({"describe", "attacks"}).out, "threat"));
    CHECK(has(toy_spar({"describe", "shedule"}).err, "did you mean \"schedule\"?"));
}

TEST_CASE("describe says in JSON, too, what each parameter may be in words") {
    const auto words = [](const std::vector<std::string> &what, const std::string &pointer) {
        std::vector<std::string> call{"describe"};
        call.insert(call.end(), what.begin(), what.end());
        call.push_back("--json");
        const host::Json json = host::Json::parse(toy_spar(call).out);
        return json.at(host::Json::json_pointer("/schema" + pointer)).at("x-spar-words");
    };
    CHECK(words({"pipeline"}, "/definitions/train/properties/epochs") ==
          "an integer from 1 to 1000000");
    CHECK(words({"pipeline"}, "/definitions/threat/properties/eps") == "a number from 0 to 1e+30");
    CHECK(words({"pipeline"}, "/properties/seed").get<std::string>().starts_with("an integer"));
}

TEST_CASE("describe explains every key of the pipeline, by its name or its path") {
    for (const char *part : {"vars", "extends", "report", "epochs", "seed", "train.schedule",
                             "data.validation.split", "train.split"}) {
        INFO(part);
        const Ended ended = toy_spar({"describe", part});
        INFO(ended.err);
        CHECK(ended.code == 0);
        CHECK(host::Json::parse(toy_spar({"describe", part, "--json"}).out).is_structured());
    }
    CHECK(has(toy_spar({"describe", "train.schedule"}).out, "milestones"));
    CHECK(has(toy_spar({"describe", "epochs"}).out, "from 1 to 1000000"));
    CHECK(has(toy_spar({"describe", "vars"}).out, "${name}"));
    const Ended augment = spar::test::spar({"describe", "augment"});
    INFO(augment.err);
    CHECK(augment.code == 0);
    CHECK(has(augment.out, "augment (\"train\" of the pipeline)"));
    CHECK(has(augment.out, "\"spar list transform\" names all"));
    CHECK(has(augment.out, "is called \"mixed_batch_at\" now"));
}

TEST_CASE("describe explains what components are made of") {
    const Ended dense = toy_spar({"describe", "dense"});
    CHECK(dense.code == 0);
    CHECK(has(dense.out, "dense (one of \"layers\" of the model \"net\")"));
    CHECK(has(dense.out, "out"));
    const Ended conv = spar::test::spar({"describe", "conv"});
    CHECK(conv.code == 0);
    CHECK(has(conv.out, "of the model \"sequential\""));
    CHECK(has(conv.out, "kernel"));
    const Ended linear = spar::test::spar({"describe", "linear"});  // a layer and a schedule
    CHECK(has(linear.out, "of the model \"sequential\""));
    CHECK(has(linear.out, "one of \"train.schedule\" of the pipeline"));
}

TEST_CASE("paragraphs fit their width where their words do") {
    CHECK(host::paragraph("ab  ", 4, "one two three", 12) == "ab  one two\n    three\n");
    CHECK(host::paragraph("ab  ", 4, "one two three", 0) == "ab  one two three\n");
    CHECK(host::paragraph("", 0, "a\nb", 80) == "a\nb\n");
    CHECK(host::paragraph("x ", 2, "", 80) == "x\n");
    CHECK(host::paragraph("", 2, "loooooooong w", 4) == "loooooooong\n  w\n");
    CHECK(host::paragraph("", 0, "\xC3\xA4\xC3\xA4 b", 4) == "\xC3\xA4\xC3\xA4 b\n");
}

TEST_CASE("on a terminal nothing is wider than it") {
    const std::string program = std::string(SPAR_BINARY);
    for (const std::string command : {"list", "describe net", "describe train", "help describe"})
        for (const int width : {80, 60}) {
            const Ended ended =
                run_program({"script", "-qec",
                             "stty cols " + std::to_string(width) + "; " + program + " " + command,
                             "/dev/null"},
                            {{"SPAR_PLUGIN_PATH", good}, {"XDG_DATA_HOME", "/nonexistent"}});
            if (ended.code == 127) return;  // no script(1) here
            INFO(command, " ", width);
            CHECK(ended.code == 0);
            std::istringstream lines(ended.out);
            for (std::string line; std::getline(lines, line);) {
                INFO(line);
                if (line.find('/') == std::string::npos)  // paths are not broken
                    CHECK(line.size() <=
                          static_cast<std::size_t>(command == "help describe" ? 81 : width + 1));
            }
        }
}
