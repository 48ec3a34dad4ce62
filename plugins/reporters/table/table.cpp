#include "../common/example.hpp"
#include "../common/paper.hpp"
#include "format.hpp"
#include "grid.hpp"

#include <spar/reporter.hpp>

#include <map>
#include <optional>

namespace {

using table::duration, table::fixed, table::grouped, table::harmless, table::percent;

std::optional<double> number(const spar::Reader &at) {
    double value = 0;
    if (at.kind() != SPAR_VALUE_NUMBER) return std::nullopt;
    spar::checked([&](spar_error *e) {
        return at.host->get_number(at.params, at.pointer.c_str(), &value, e);
    });
    return value;
}

std::string text(const spar::Reader &at) {
    return at.kind() == SPAR_VALUE_STRING ? harmless(at.text()) : "";
}

/// The numbers of one epoch as they come in, and the line that says them.
class Epochs {
  public:
    void total(double count) { total_ = count; }
    void put(const std::string &name, double value) { values_[name] = value; }

    std::string line(double index) {
        std::string text = "  epoch " + fixed(index + 1, 0);
        if (total_ > 0) text += "/" + fixed(total_, 0);
        add(text, "loss", "loss ", [](double v) { return fixed(v, 4); });
        add(text, "train_accuracy", "train ", percent);
        add(text, "validation_accuracy", "validation ", percent);
        add(text, "validation_robust_accuracy", "robust ", percent);
        add(text, "seconds", "", duration);
        add(text, "examples_per_second", "", [](double v) { return grouped(v) + " examples/s"; });
        if (values_.contains("seconds")) {
            seconds_ += values_["seconds"];
            ++count_;
            const double left = total_ - index - 1;
            if (left >= 1) text += "   " + duration(seconds_ / count_ * left) + " left";
        }
        values_.clear();
        return text + "\n";
    }

  private:
    template <class Show>
    void add(std::string &text, const char *name, const char *label, Show show) const {
        const auto found = values_.find(name);
        if (found != values_.end()) text += std::string("   ") + label + show(found->second);
    }

    std::map<std::string, double> values_;
    double total_ = 0, seconds_ = 0;
    int count_ = 0;
};

/// "97.25 - 98.81", the 95 % interval that belongs to an accuracy; empty without one.
std::string interval(const spar::Reader &at) {
    const auto low = number(at.at(0)), high = number(at.at(1));
    return low && high ? fixed(100 * *low, 2) + " - " + fixed(100 * *high, 2) : "";
}

/// "40 + 20": queries forward, and for gradients.
std::string queries(const spar::Reader &attack) {
    const auto forward = number(attack.at("forward_per_example"));
    const auto gradient = number(attack.at("gradient_per_example"));
    if (!forward) return "";
    return fixed(*forward, 1) + (gradient ? " + " + fixed(*gradient, 1) : "");
}

template <class Show>
std::string shown(const std::optional<double> &value, Show show) {
    return value ? show(*value) : "";
}

std::string evaluation_table(const spar::Reader &evaluation) {
    table::Grid grid(
        {"", "accuracy", "95 % interval", "mean distance", "forward + gradient queries", "time"});
    const auto accuracy_row = [&](const char *label, const std::string &name) {
        if (const auto value = number(evaluation.at(name)))
            grid.row(
                {label, percent(*value), interval(evaluation.at(name + "_interval")), "", "", ""});
    };
    accuracy_row("clean", "clean_accuracy");
    const spar::Reader attacks = evaluation.at("attacks");
    for (std::int64_t i = 0; i < attacks.size(); ++i) {
        const spar::Reader attack = attacks.at(i);
        grid.row({text(attack.at("name")), shown(number(attack.at("robust_accuracy")), percent),
                  interval(attack.at("robust_accuracy_interval")),
                  shown(number(attack.at("mean_distance")), [](double v) { return fixed(v, 4); }),
                  queries(attack), shown(number(attack.at("seconds")), duration)});
    }
    accuracy_row("worst case", "worst_case_accuracy");
    return grid.str();
}

/// "1,000 examples, linf, eps 0.3"
std::string headline(const spar::Reader &results) {
    std::string line;
    const auto examples = number(results.at("evaluation").at("examples"));
    if (examples) line += "  on " + grouped(*examples) + " examples";
    const spar::Reader threat = results.at("plan").at("threat");
    const auto eps = number(threat.at("eps"));
    if (eps) line += ", " + text(threat.at("norm")) + " ball of " + spar::json_number(*eps);
    return line;
}

class Table : public spar::Reporter {
  public:
    static constexpr spar::About about{
        .type = "table",
        .summary = "Tells a terminal one line an epoch and, at the end, a table of all accuracies.",
        .example = REPORTER_EXAMPLE("table"),
        .default_reporter = true,
    };

    void begin(const spar_run &run) override {
        terminal_ = run.terminal != 0;
        paper_.emplace();
        directory_ = run.directory;
    }

    void event(const spar_event &event) override {
        if (!terminal_ || std::string_view(event.path) != "train") return;
        const std::string name = event.name;
        if (name == "epochs")
            epochs_.total(event.value);
        else if (name == "epoch_end")
            print(epochs_.line(event.value));
        else
            epochs_.put(name, event.value);
    }

    void finish(const spar::Results &results) override {
        if (!terminal_) return;
        const spar::Reader evaluation = results.values.at("evaluation");
        if (evaluation.kind() == SPAR_VALUE_OBJECT)
            print("\n" + headline(results.values) + "\n\n" + evaluation_table(evaluation) + "\n");
        print("  results: " + harmless(directory_) + "/results.json\n");
        paper_->finish();
    }

  private:
    void print(const std::string &text) { paper_->say(text); }

    bool terminal_ = false;
    std::optional<reporters::Paper> paper_;
    std::string directory_;
    Epochs epochs_;
};

}  // namespace

SPAR_PLUGIN("table", "1.0.0", Table)
