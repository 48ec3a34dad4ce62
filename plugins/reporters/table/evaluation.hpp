// The table of an evaluation, row by row as its numbers arrive.
#pragma once

#include "columns.hpp"
#include "format.hpp"

#include <spar/norms.hpp>
#include <spar/reporter.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace table {

inline std::optional<double> number(const spar::Reader &at) {
    double value = 0;
    if (at.kind() != SPAR_VALUE_NUMBER) return std::nullopt;
    spar::checked([&](spar_error *e) {
        return at.host->get_number(at.params, at.pointer.c_str(), &value, e);
    });
    return value;
}

inline std::string text(const spar::Reader &at) {
    return at.kind() == SPAR_VALUE_STRING ? harmless(at.text()) : "";
}

/// The numbers of one row, by their names in the events.
using Figures = std::map<std::string, double>;

/// One row: an attack, the clean inputs, or a worst case.
struct Row {
    std::string name, threat, target;
    Figures figures;
};

class Evaluation {
  public:
    /// Handles an event at or below the path "evaluate". Returns what to show now, usually nothing.
    std::string event(std::string_view path, const std::string &name, double value,
                      std::size_t room);
    /// The worst cases, and everything about the evaluation that did not arrive as events.
    std::string finish(const spar::Reader &evaluation, std::size_t room);

  private:
    Row &attack(const std::string &name);
    void open(std::size_t room);
    std::string begin(std::size_t room);
    std::string line(const Row &row) const;
    void read(const spar::Reader &evaluation);

    Row clean_{"clean", "", "", {}};
    std::vector<Row> attacks_;
    std::vector<Row> stages_;  // of the attack in progress
    Columns columns_;
    std::vector<std::string> titles_;
    bool begun_ = false;
};

inline std::string norm_name(double norm) {
    return spar::norms::word(static_cast<spar_norm>(norm));
}

template <class Show>
std::string shown(const Figures &figures, const char *name, Show show) {
    const auto found = figures.find(name);
    return found != figures.end() && std::isfinite(found->second) ? show(found->second) : "";
}

/// What is counted, if not values, or what each has a ball.
constexpr const char *pixels = " px", *tokens = "/token", *words = " words", *word = " word",
                     *of_words = " of words";

inline const char *count_of(double eps) {
    return eps < 1 ? of_words : eps == 1 ? word : words;
}

/// "linf 8/255", "l0 10 px", "l0 0.15 of words"
inline std::string ball(const spar::Reader &threat) {
    const auto eps = number(threat.at("eps"));
    const std::string group = text(threat.at("group"));
    return text(threat.at("norm")) + (eps ? " " + radius(*eps) : "") +
           (group == "pixel"   ? pixels
            : group == "token" ? tokens
            : group == "word"  ? count_of(eps.value_or(0))
                               : "");
}

/// "next", "3"; empty if any wrong class counts.
inline std::string target(const spar::Reader &threat) {
    const auto one_class = number(threat.at("target"));
    const std::string word = one_class ? fixed(*one_class, 0) : text(threat.at("target"));
    return word == "none" ? "" : word;
}

/// Every number of an object, an interval as two numbers.
inline Figures figures(const spar::Reader &object) {
    Figures all;
    for (const char *name :
         {"examples", "clean_accuracy", "clean_loss", "clean_rmse", "clean_r2", "robust_accuracy",
          "accuracy", "mean_loss", "rmse", "r2", "mean_distance", "median_distance",
          "forward_per_example", "gradient_per_example", "seconds", "attention_heads",
          "attention_moved"})
        if (const auto value = number(object.at(name))) all[name] = *value;
    for (const std::string name : {"clean_accuracy", "robust_accuracy", "accuracy"}) {
        const spar::Reader interval = object.at(name + "_interval");
        const auto low = number(interval.at(0)), high = number(interval.at(1));
        if (low && high) {
            all[name + "_low"] = *low;
            all[name + "_high"] = *high;
        }
    }
    return all;
}

inline Row &Evaluation::attack(const std::string &name) {
    for (Row &row : attacks_)
        if (row.name == name) return row;
    return attacks_.emplace_back(Row{name, "", "", {}});
}

inline std::string Evaluation::event(std::string_view path, const std::string &name, double value,
                                     std::size_t room) {
    if (path == "evaluate") {
        if (name == "clean_end") return begin(room);
        clean_.figures[name] = value;
        return "";
    }
    const std::string rest = harmless(path.substr(std::string_view("evaluate/").size()));
    if (const std::size_t slash = rest.find('/'); slash != std::string::npos) {
        const std::string stage = rest.substr(slash + 1);
        if (stages_.empty() || stages_.back().name != stage) stages_.push_back({stage, "", "", {}});
        stages_.back().figures[name] = value;
        return "";
    }
    Row &row = attack(rest);
    if (name == "norm") row.threat = norm_name(value) + row.threat;
    if (name == "eps") row.threat += " " + radius(value);
    if (name == "group" && value == SPAR_GROUP_PIXEL) row.threat += pixels;
    if (name == "group" && value == SPAR_GROUP_TOKEN) row.threat += tokens;
    if (name == "group" && value == SPAR_GROUP_WORD) row.threat += count_of(row.figures["eps"]);
    if (name == "target_class") row.target = fixed(value, 0);
    if (name.starts_with("target_") && name != "target_class") row.target = name.substr(7);
    if (name != "attack_end") {
        row.figures[name] = value;
        return "";
    }
    std::string lines = line(row);
    for (Row &stage : stages_) {
        stage.name = "  " + stage.name;
        lines += line(stage);
    }
    stages_.clear();
    return lines;
}

/// Fixes the columns.
inline void Evaluation::open(std::size_t room) {
    constexpr std::size_t widest_name = 16;
    std::size_t name = std::string_view("worst case").size(), threat = 0, aim = 0;
    for (const Row &row : attacks_) {
        if (length(row.name) <= widest_name) name = std::max(name, length(row.name));
        threat = std::max(threat, row.threat.size());
        aim = std::max(aim, row.target.size());
    }
    std::vector<Column> columns{{"", name, true, 0}};
    if (threat > 0) columns.push_back({"threat", threat, true, 0});
    if (aim > 0) columns.push_back({"target", aim, true, 0});
    if (clean_.figures.contains("clean_accuracy")) {
        columns.push_back({"accuracy", 8, false, 0});
        columns.push_back({"95 % interval", 13, false, 2});
        columns.push_back({"median", 7, false, 3});
    } else {
        columns.push_back({"loss", 9, false, 0});
        if (clean_.figures.contains("clean_rmse")) columns.push_back({"RMSE", 8, false, 0});
        if (clean_.figures.contains("clean_r2")) columns.push_back({"R2", 7, false, 1});
        columns.push_back({"distance", 8, false, 3});
    }
    if (clean_.figures.contains("attention_heads")) columns.push_back({"moved", 7, false, 1});
    columns.push_back({"queries", 9, false, 5});
    columns.push_back({"time", 8, false, 4});
    titles_.clear();
    for (const Column &column : columns) titles_.push_back(column.title);
    columns_ = Columns(columns, room);
}

inline std::string Evaluation::begin(std::size_t room) {
    begun_ = true;
    open(room);
    const bool values = !clean_.figures.contains("clean_accuracy");
    const std::string first = "  on " + shown(clean_.figures, "examples", grouped) + " examples";
    const std::string legend =
        std::string(values ? "; distance: mean" : "; median: distance of successes") +
        "; queries: forward + gradient";
    return "\n" + first + (length(first + legend) <= room ? legend : "") + "\n\n" +
           columns_.head() + line(clean_);
}

inline std::string Evaluation::line(const Row &row) const {
    const Figures &f = row.figures;
    const auto either = [&](std::initializer_list<const char *> names, auto show) {
        for (const char *name : names)
            if (const std::string text = shown(f, name, show); !text.empty()) return text;
        return std::string();
    };
    std::vector<std::string> cells;
    for (const std::string &title : titles_) {
        std::string cell;
        if (title.empty()) cell = harmless(row.name);
        if (title == "threat") cell = row.threat;
        if (title == "target") cell = row.target;
        if (title == "accuracy")
            cell = either({"clean_accuracy", "robust_accuracy", "accuracy"}, percent);
        if (title == "95 % interval") {
            const auto bound = [](double share) { return fixed(100 * share, 2); };
            const std::string low =
                either({"clean_accuracy_low", "robust_accuracy_low", "accuracy_low"}, bound);
            const std::string high =
                either({"clean_accuracy_high", "robust_accuracy_high", "accuracy_high"}, bound);
            if (!low.empty() && !high.empty()) cell = low + " - " + high;
        }
        if (title == "median") cell = shown(f, "median_distance", measure);
        if (title == "median" && cell.empty() && f.contains("seconds")) cell = "-";
        if (title == "loss") cell = either({"clean_loss", "mean_loss"}, measure);
        if (title == "RMSE") cell = either({"clean_rmse", "rmse"}, measure);
        if (title == "R2") cell = either({"clean_r2", "r2"}, measure);
        if (title == "distance") cell = shown(f, "mean_distance", measure);
        if (title == "moved") cell = shown(f, "attention_moved", measure);
        if (title == "queries") {
            cell = shown(f, "forward_per_example", short_count);
            if (f.contains("gradient_per_example"))
                cell += "+" + shown(f, "gradient_per_example", short_count);
        }
        if (title == "time") cell = shown(f, "seconds", short_duration);
        cells.push_back(cell);
    }
    return columns_.row(cells);
}

/// From the results, if no events arrived.
inline void Evaluation::read(const spar::Reader &evaluation) {
    clean_.figures = figures(evaluation);
    attacks_.clear();
    const spar::Reader attacks = evaluation.at("attacks");
    for (std::int64_t i = 0; i < attacks.size(); ++i) {
        const spar::Reader here = attacks.at(i), threat = here.at("threat");
        attacks_.push_back({text(here.at("name")), ball(threat), target(threat), figures(here)});
    }
}

/// How far each attack moved attention, per layer and head.
inline std::string attention(const spar::Reader &attacks) {
    std::string lines;
    for (std::int64_t i = 0; i < attacks.size(); ++i) {
        const spar::Reader maps = attacks.at(i).at("attention");
        for (std::int64_t k = 0; k < maps.size(); ++k) {
            const spar::Reader heads = maps.at(k).at("heads");
            if (lines.empty())
                lines = "\n  how far attention moved: mean total variation, head by head\n";
            lines += "  " + text(attacks.at(i).at("name")) + "  " + text(maps.at(k).at("site"));
            for (std::int64_t head = 0; head < heads.size(); ++head)
                if (const auto moved = number(heads.at(head))) lines += "  " + fixed(*moved, 4);
            lines += '\n';
        }
    }
    return lines;
}

inline std::string Evaluation::finish(const spar::Reader &evaluation, std::size_t room) {
    std::string rows;
    if (!begun_) {
        read(evaluation);
        rows = begin(room);
        for (const Row &row : attacks_) rows += line(row);
    }
    const spar::Reader worst = evaluation.at("worst_cases");
    for (std::int64_t i = 0; i < worst.size(); ++i) {
        const spar::Reader here = worst.at(i);
        const Figures found = figures(here);
        // A single attack is its own worst case.
        if (!found.contains("accuracy") || (worst.size() > 1 && here.at("attacks").size() < 2))
            continue;
        rows += line({"worst case", ball(here.at("threat")), target(here.at("threat")), found});
    }
    return rows + attention(evaluation.at("attacks"));
}

}  // namespace table
