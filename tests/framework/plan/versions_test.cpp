#include "plan/versions.hpp"

#include "../toys.hpp"

#include "base/warnings.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <nlohmann/json.hpp>

using namespace spar;
using namespace spar::host;
using namespace spar::test;

namespace {

std::vector<std::string> places(const char *text) {
    warnings().clear();
    Json root = Json::parse(text);
    bring_up_to_date(root, toys());
    std::vector<std::string> places;
    for (const Warning &w : warnings().all()) places.push_back(w.code + " " + w.place);
    return places;
}

using Places = std::vector<std::string>;

}  // namespace

TEST_CASE("a pipeline of version 1 gets a warning for each changed default that it relies on") {
    CHECK(places(R"({"version": 1, "evaluate": {"attacks": [{"type": "push"}]}})") ==
          Places{"changed_default #/evaluate/attacks/0/steps",
                 "changed_default #/evaluate/attacks/0/step_size"});
    CHECK(warnings().all()[0].message == "its default is 10 now; in version 1 it was 20");
    CHECK(warnings().all()[0].remedy.starts_with("write \"steps\": 20 to get the old one"));
    CHECK(warnings().all()[1].message == "its default is another now; in version 1 it was 3");
    CHECK(places(R"({"version": 1, "train": {"method": {"type": "pgd_at", "attack":
                       {"type": "push", "steps": 3}}, "ema": {"decay": 0.99}}})") ==
          Places{"changed_default #/train/method/attack/step_size",
                 "changed_default #/train/ema/warmup"});
    CHECK(places(R"({"version": 2, "evaluate": {"attacks": [{"type": "push"}]}})").empty());
    // One that changed only under l1.
    const Places start{"changed_default #/evaluate/attacks/0/start"};
    const char *attack = R"({"type": "push", "steps": 1, "step_size": 1)";
    const auto under = [&](const std::string &norm, const std::string &own) {
        return places((R"({"version": 1, "threat": {"norm": ")" + norm +
                       R"("}, "evaluate": {"attacks": [)" + attack + own + "}]}}")
                          .c_str());
    };
    CHECK(under("l1", "") == start);
    CHECK(under("linf", "").empty());
    CHECK(under("linf", R"(, "threat": {"norm": "l1"})") == start);
    CHECK(under("l1", R"(, "threat": {"norm": "l2"})").empty());
    CHECK(places(R"({"version": 1, "data": {"validation": {"examples": 5}},
                     "train": {"loss": {"type": "hinge"}, "examples": 9},
                     "evaluate": {"examples": 7, "attacks": []}})") ==
          Places{"changed_default #/data/validation/split", "changed_default #/train/split",
                 "changed_default #/evaluate/split", "changed_default #/evaluate/loss"});
    CHECK(places(R"({"version": 1, "train": {"loss": {"type": "cross_entropy"}},
                     "evaluate": {"attacks": []}})")
              .empty());
}

TEST_CASE("brought up to date, a pipeline says the present version") {
    Json root = Json::parse(R"({"version": 1, "evaluate": {"attacks": [{"type": "push"}]}})");
    CHECK(bring_up_to_date(root, toys()));
    CHECK(root["version"] == 2);
    CHECK(!bring_up_to_date(root, toys()));
    Json later = Json::parse(R"({"version": 3})");
    CHECK(!bring_up_to_date(later, toys()));
    CHECK(later["version"] == 3);  // the checker's to refuse
}

TEST_CASE("what version 1 wrote differently is rewritten") {
    Json root = Json::parse(R"({"version": 1, "data": {"validation": {"split": "train"}}})");
    bring_up_to_date(root, toys());
    CHECK(!root["data"]["validation"].contains("split"));
    Json nonsense = Json::parse(R"({"version": 1, "data": 3, "train": [], "evaluate": "x"})");
    bring_up_to_date(nonsense, toys());  // the checker's to refuse
    CHECK(nonsense["data"] == 3);
}
