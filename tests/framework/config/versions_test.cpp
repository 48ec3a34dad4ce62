#include "config/versions.hpp"

#include "pipeline/warnings.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <nlohmann/json.hpp>

using namespace spar;
using namespace spar::host;

namespace {

std::vector<std::string> places(const char *text) {
    warnings().clear();
    Json root = Json::parse(text);
    bring_up_to_date(root);
    std::vector<std::string> places;
    for (const Warning &w : warnings().all()) places.push_back(w.code + " " + w.place);
    return places;
}

using Places = std::vector<std::string>;

}  // namespace

TEST_CASE("a pipeline of version 1 is told which defaults it relies on are others now") {
    CHECK(places(R"({"version": 1, "train": {"method": {"type": "vat"}}})") ==
          Places{"changed_default #/train/method/xi"});
    CHECK(places(R"({"version": 1, "train": {"method": {"type": "vat", "xi": 1e-6}}})").empty());
    CHECK(places(R"({"version": 2, "train": {"method": {"type": "vat"}}})").empty());
    CHECK(
        places(R"({"version": 1, "train": {"method": {"type": "awp", "method": {"type": "fgsm_at"}},
                                             "ema": {"decay": 0.99}}})") ==
        Places{"changed_default #/train/method/method/mode", "changed_default #/train/ema/warmup"});
    CHECK(places(R"({"version": 1, "data": {"validation": {"examples": 5}},
                     "train": {"loss": {"type": "hinge"}, "examples": 9},
                     "evaluate": {"examples": 7, "attacks": []}})") ==
          Places{"changed_default #/data/validation/split", "changed_default #/train/split",
                 "changed_default #/evaluate/split", "changed_default #/evaluate/loss"});
    CHECK(places(R"({"version": 1, "threat": {"norm": "l1"}, "train": {"ema": {"decay": 0.9}},
                     "evaluate": {"attacks": [{"type": "auto_attack"}]}})") ==
          Places{"changed_default #/train/ema/warmup",
                 "changed_default #/evaluate/attacks/0/attacks"});
    CHECK(places(R"({"version": 1, "train": {"loss": {"type": "cross_entropy"}},
                     "evaluate": {"attacks": []}})")
              .empty());
}

TEST_CASE("what version 1 wrote otherwise is rewritten") {
    Json root = Json::parse(R"({"version": 1, "data": {"validation": {"split": "train"}}})");
    bring_up_to_date(root);
    CHECK(!root["data"]["validation"].contains("split"));
    Json nonsense = Json::parse(R"({"version": 1, "data": 3, "train": [], "evaluate": "x"})");
    bring_up_to_date(nonsense);  // the checker's to refuse
    CHECK(nonsense["data"] == 3);
}
