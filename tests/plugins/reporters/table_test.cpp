#include "reporting.hpp"

#include <fcntl.h>
#include <algorithm>
#include <cstdio>
#include <sstream>
#include <thread>

using namespace spar;
using namespace spar::test;

namespace {

/// What a piece of work writes to standard output.
template <class Work>
std::string output_of(Work &&work) {
    const Folder folder;
    std::fflush(stdout);
    const int saved = dup(1);
    const int file = open((folder / "out").c_str(), O_WRONLY | O_CREAT, 0600);
    dup2(file, 1);
    work();
    std::fflush(stdout);
    dup2(saved, 1);
    close(saved);
    close(file);
    return file_content(folder / "out");
}

const nlohmann::ordered_json results = nlohmann::ordered_json::parse(R"({
  "version": 1, "name": "x", "seed": 1,
  "evaluation": {
    "examples": 1000, "clean_accuracy": 0.987, "clean_accuracy_interval": [0.97791, 0.99239],
    "attacks": [
      {"name": "fgsm", "type": "fgsm", "threat": {"norm": "linf", "eps": 0.3, "target": "none"},
       "robust_accuracy": 0.951, "robust_accuracy_interval": [0.93576, 0.96275],
       "mean_distance": 0.3, "median_distance": 0.29994, "forward_per_example": 1,
       "gradient_per_example": 1, "seconds": 0.25},
      {"name": "pg\u001b[40", "type": "pgd",
       "threat": {"norm": "linf", "eps": 0.3, "target": "none"},
       "robust_accuracy": 0.9, "median_distance": null,
       "forward_per_example": 1240.5, "gradient_per_example": 40, "seconds": 133.2}],
    "worst_cases": [{"threat": {"norm": "linf", "eps": 0.3, "target": "none"},
                     "attacks": ["fgsm", "pgd"], "accuracy": 0.899,
                     "accuracy_interval": [0.8787, 0.9162]}],
    "worst_case_accuracy": 0.899, "worst_case_accuracy_interval": [0.8787, 0.9162]}})");

const char *const whole = R"(
  on 1,000 examples; median: distance of successes; queries: forward + gradient

               threat    accuracy  95 % interval   median    queries      time
  clean                   98.70 %  97.79 - 99.24
  fgsm         linf 0.3   95.10 %  93.58 - 96.28   0.2999        1+1    0.25 s
  pg\u001b[40  linf 0.3   90.00 %                       -    1.2k+40  2:13 min
  worst case   linf 0.3   89.90 %  87.87 - 91.62
)";

/// Attacks of several threat models, as they are planned.
nlohmann::ordered_json several() {
    nlohmann::ordered_json evaluation = results.at("evaluation");
    const auto row = [](const char *name, const char *norm, double eps, nlohmann::json target) {
        return nlohmann::ordered_json{
            {"name", name},
            {"threat", {{"norm", norm}, {"eps", eps}, {"target", target}}},
            {"robust_accuracy", 0.5},
            {"robust_accuracy_interval", {0.4, 0.6}},
            {"median_distance", 0.031},
            {"forward_per_example", 100.0},
            {"gradient_per_example", 100.0},
            {"seconds", 7000.0}};
    };
    evaluation["attacks"] = {row("auto_attack", "linf", 8.0 / 255, "none"),
                             row("pgd", "linf", 8.0 / 255, "none"),
                             row("towards", "l2", 0.5, "least_likely"), row("three", "l1", 10, 3)};
    const auto worst = [&](int attack, std::vector<std::string> names) {
        return nlohmann::ordered_json{{"threat", evaluation["attacks"][attack]["threat"]},
                                      {"attacks", names},
                                      {"accuracy", 0.25},
                                      {"accuracy_interval", {0.2, 0.3}}};
    };
    evaluation["worst_cases"] = {worst(0, {"auto_attack", "pgd"}), worst(2, {"towards"}),
                                 worst(3, {"three"})};
    return evaluation;
}

std::size_t widest(const std::string &text) {
    std::size_t most = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) most = std::max(most, line.size());
    return most;
}

}  // namespace

TEST_CASE("one line an epoch, of what there is") {
    const std::string text = output_of([] {
        Told told("table", "/run", true);
        told.event(0, "train", "epochs", 3);
        told.event(0, "train", "epoch", 0);
        told.event(10, "train", "loss", 1.23456);
        told.event(10, "train", "train_accuracy", 0.5);
        told.event(10, "train", "validation_accuracy", 0.45678);
        told.event(10, "train", "validation_robust_accuracy", 0.25);
        told.event(10, "train", "seconds", 100);
        told.event(10, "train", "examples_per_second", 12345.6);
        told.event(10, "train", "epoch_end", 0);
        told.event(20, "train", "loss", 0.5);
        told.event(20, "evaluate/pgd", "robust_accuracy", 0.5);
        told.event(20, "train", "epoch_end", 1);
        told.event(20, "train", "kept_epoch", 0);
    });
    CHECK(text ==
          "  epoch 1/3  loss 1.2346  train 50.00 %  val 45.68 %  robust 25.00 %  1:40 min\n"
          "  epoch 2/3  loss 0.5000\n"
          "  the weights of epoch 1 are kept\n");
}

TEST_CASE("a table of all accuracies at the end, and where the results lie") {
    const std::string text = output_of([] { Told("table", "/run", true).finish(results); });
    CHECK(text == whole + std::string("\n  results: /run/results.json\n"));
}

TEST_CASE("rows appear as their attacks are done, and not again at the end") {
    const auto clean = [](Told &told) {
        for (const char *name : {"fgsm", "pg\x1b[40"}) {
            told.event(-1, std::string("evaluate/") + name, "norm", SPAR_NORM_LINF);
            told.event(-1, std::string("evaluate/") + name, "eps", 0.3);
        }
        told.event(-1, "evaluate", "examples", 1000);
        told.event(-1, "evaluate", "clean_accuracy", 0.987);
        told.event(-1, "evaluate", "clean_accuracy_low", 0.97791);
        told.event(-1, "evaluate", "clean_accuracy_high", 0.99239);
        told.event(-1, "evaluate", "clean_end", 2);
    };
    const auto fgsm = [](Told &told) {
        const auto say = [&](const char *name, double value) {
            told.event(-1, "evaluate/fgsm", name, value);
        };
        say("robust_accuracy", 0.951);
        say("robust_accuracy_low", 0.93576);
        say("robust_accuracy_high", 0.96275);
        say("median_distance", 0.29994);
        say("forward_per_example", 1);
        say("gradient_per_example", 1);
        say("something_new", 7);
        say("seconds", 0.25);
        say("attack_end", 1);
    };
    const std::string half = output_of([&] {
        Told told("table", "/run", true);
        clean(told);
        fgsm(told);
    });
    CHECK(half.find("fgsm") != std::string::npos);
    CHECK(std::string(whole).starts_with(half));
    const std::string text = output_of([&] {
        Told told("table", "/run", true);
        clean(told);
        fgsm(told);
        const std::string path = "evaluate/pg\x1b[40";
        told.event(-1, path, "robust_accuracy", 0.9);
        told.event(-1, path, "forward_per_example", 1240.5);
        told.event(-1, path, "gradient_per_example", 40);
        told.event(-1, path, "seconds", 133.2);
        told.event(-1, path, "attack_end", 1);
        told.finish(results);
    });
    CHECK(text == whole + std::string("\n  results: /run/results.json\n"));
}

TEST_CASE(
    "every row names its threat; worst cases are of one threat alone; 80 columns are enough") {
    const nlohmann::ordered_json all{{"evaluation", several()}};
    const std::string text = output_of([&] { Told("table", "/run", true).finish(all); });
    INFO(text);
    CHECK(widest(text) <= 80);
    CHECK(text.find("auto_attack  linf 8/255") != std::string::npos);
    CHECK(text.find("towards      l2 0.5      least_likely") != std::string::npos);
    CHECK(text.find("three        l1 10       3 ") != std::string::npos);
    CHECK(text.find("worst case   linf 8/255 ") != std::string::npos);
    CHECK(text.find("worst case   l2") == std::string::npos);
    CHECK(text.find("1e+01") == std::string::npos);
}

TEST_CASE("a name that is too long gets its own line; stages are listed below their attack") {
    const std::string name = "evaluate/the-attack-that-nobody-wants-to-write-twice";
    const std::string text = output_of([&] {
        Told told("table", "/run", true);
        told.event(-1, name, "norm", SPAR_NORM_L2);
        told.event(-1, name, "eps", 0.5);
        told.event(-1, name, "target_least_likely", 1);
        told.event(-1, "evaluate", "clean_accuracy", 1);
        told.event(-1, "evaluate", "clean_end", 1);
        told.event(-1, name, "robust_accuracy", 0.951);
        told.event(-1, name + "/apgd-ce", "robust_accuracy", 0.96);
        told.event(-1, name + "/square", "robust_accuracy", 0.951);
        told.event(-1, name, "attack_end", 1);
    });
    INFO(text);
    CHECK(text.find("  the-attack-that-nobody-wants-to-write-twice\n"
                    "              l2 0.5  least_likely   95.10 %") != std::string::npos);
    CHECK(text.find("\n    apgd-ce                          96.00 %\n"
                    "    square                           95.10 %\n") != std::string::npos);
}

TEST_CASE("values have losses instead of accuracies") {
    nlohmann::ordered_json all = nlohmann::ordered_json::parse(R"({"evaluation": {"examples": 10,
      "clean_accuracy": null, "clean_loss": 0.25, "attacks": [{"name": "pgd",
      "threat": {"norm": "l2", "eps": 0.5, "target": "none"}, "robust_accuracy": null,
      "mean_loss": 12.5, "mean_distance": 0.4999, "median_distance": null}],
      "worst_cases": [{"threat": {}, "attacks": ["pgd"], "accuracy": null}]}})");
    const std::string text = output_of([&] { Told("table", "/run", true).finish(all); });
    INFO(text);
    CHECK(text.find("0.2500") != std::string::npos);
    CHECK(text.find("12.500") != std::string::npos);
    CHECK(text.find("accuracy") == std::string::npos);
    CHECK(text.find("worst") == std::string::npos);
}

TEST_CASE("a standard output without a reader stops nothing") {
    for (const char *where : {"/dev/full", "/nonexistent"}) {
        std::fflush(stdout);
        const int saved = dup(1), other = open(where, O_WRONLY);
        if (other >= 0) dup2(other, 1);
        if (other < 0) close(1);
        CHECK_NOTHROW([] {
            Told told("table", "/run", true);
            told.event(10, "train", "epoch_end", 0);
            told.finish(results);
        }());
        dup2(saved, 1);
        close(saved);
        if (other >= 0) close(other);
    }
}

TEST_CASE("a reader that pauses stops no training, and loses no line") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    std::fflush(stdout);
    const int saved = dup(1);
    dup2(ends[1], 1);
    close(ends[1]);
    std::string text;
    {
        Told told("table", "/run", true);
        for (int epoch = 0; epoch < 20000; ++epoch) told.event(1, "train", "epoch_end", epoch);
        std::thread reader([&] {
            char block[4096];
            for (ssize_t got; (got = read(ends[0], block, sizeof block)) > 0;)
                text.append(block, static_cast<std::size_t>(got));
        });
        told.finish({{"name", "x"}});
        dup2(saved, 1);
        close(saved);
        reader.join();
    }
    close(ends[0]);
    CHECK(std::count(text.begin(), text.end(), '\n') == 20001);
    CHECK(text.find("epoch 20000\n") != std::string::npos);
}

TEST_CASE("results without evaluation, and results with nothing in them") {
    CHECK(output_of([] {
              Told("table", "/run", true).finish({{"name", "x"}});
          }) == "  results: /run/results.json\n");
    const auto odd = nlohmann::ordered_json::parse(R"({"plan":3,"evaluation":{"attacks":[{}]}})");
    CHECK(output_of([&] { Told("table", "/run", true).finish(odd); }).find("results:") !=
          std::string::npos);
}

TEST_CASE("nothing is printed if nobody reads") {
    CHECK(output_of([] {
              Told told("table", "/run", false);
              told.event(10, "train", "epoch_end", 0);
              told.finish(results);
          }).empty());
}
