#include "reporting.hpp"

#include <fcntl.h>
#include <cstdio>

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
  "plan": {"threat": {"norm": "linf", "eps": 0.3}},
  "evaluation": {
    "examples": 1000, "clean_accuracy": 0.987, "clean_accuracy_interval": [0.97791, 0.99239],
    "attacks": [
      {"name": "fgsm", "type": "fgsm", "robust_accuracy": 0.951, "robust_accuracy_interval": [0.93576, 0.96275],
       "mean_distance": 0.3, "forward_per_example": 1, "gradient_per_example": 1, "seconds": 0.25},
      {"name": "pgd-\u001b[31m40", "type": "pgd", "robust_accuracy": 0.9, "mean_distance": 0.29994,
       "forward_per_example": 40.5, "gradient_per_example": 40, "seconds": 133.2}],
    "worst_case_accuracy": 0.899, "worst_case_accuracy_interval": [0.8787, 0.9162]}})");

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
    });
    CHECK(text ==
          "  epoch 1/3   loss 1.2346   train 50.00 %   validation 45.68 %   robust 25.00 %"
          "   1 min 40 s   12,346 examples/s   3 min 20 s left\n"
          "  epoch 2/3   loss 0.5000\n");
}

TEST_CASE("a table of all accuracies at the end, and where the results lie") {
    const std::string text = output_of([] { Told("table", "/run", true).finish(results); });
    CHECK(text == R"(
  on 1,000 examples, linf ball of 0.3

                accuracy   95 % interval   mean distance   forward + gradient queries         time
  clean          98.70 %   97.79 - 99.24
  fgsm           95.10 %   93.58 - 96.28          0.3000                    1.0 + 1.0       0.25 s
  pgd-?[31m40    90.00 %                          0.2999                  40.5 + 40.0   2 min 13 s
  worst case     89.90 %   87.87 - 91.62

  results: /run/results.json
)");
}

TEST_CASE("results without evaluation, and results with nothing in them") {
    CHECK(output_of([] {
              Told("table", "/run", true).finish({{"name", "x"}});
          }) == "  results: /run/results.json\n");
    const auto odd = nlohmann::ordered_json::parse(R"({"plan":3,"evaluation":{"attacks":[{}]}})");
    CHECK(output_of([&] { Told("table", "/run", true).finish(odd); }).find("results:") !=
          std::string::npos);
}

TEST_CASE("nothing is said where nobody reads") {
    CHECK(output_of([] {
              Told told("table", "/run", false);
              told.event(10, "train", "epoch_end", 0);
              told.finish(results);
          }).empty());
}
