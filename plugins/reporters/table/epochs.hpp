// The numbers of one epoch as they arrive, and the line that shows them.
#pragma once

#include "columns.hpp"
#include "format.hpp"

#include <map>
#include <string>
#include <vector>

namespace table {

class Epochs {
  public:
    void total(double count) { total_ = count; }
    void put(const std::string &name, double value) { values_[name] = value; }

    /// At most `room` characters: the least important parts are left out.
    std::string line(double index, std::size_t room) {
        std::vector<Piece> pieces;
        pieces.push_back(
            {"epoch " + fixed(index + 1, 0) + (total_ > 0 ? "/" + fixed(total_, 0) : ""), 0});
        const auto add = [&](const char *name, const char *label, int rank, auto show) {
            const auto found = values_.find(name);
            if (found != values_.end()) pieces.push_back({label + show(found->second), rank});
        };
        const auto four = [](double value) { return fixed(value, 4); };
        add("loss", "loss ", 1, four);
        add("train_accuracy", "train ", 2, percent);
        add("validation_loss", "val loss ", 0, four);
        add("validation_accuracy", "val ", 0, percent);
        add("validation_robust_accuracy", "robust ", 0, percent);
        add("seconds", "", 3, short_duration);
        add("examples_per_second", "", 5, [](double v) { return grouped(v) + "/s"; });
        if (values_.contains("seconds")) {
            seconds_ += values_["seconds"];
            ++count_;
            const double left = total_ - index - 1;
            if (left >= 1)
                pieces.push_back({short_duration(seconds_ / count_ * left) + " left", 4});
        }
        values_.clear();
        return joined(pieces, room);
    }

  private:
    struct Piece {
        std::string text;
        int rank;  // the highest is dropped first; 0: never
    };

    static std::string joined(std::vector<Piece> pieces, std::size_t room) {
        for (int rank = 5;; --rank) {
            std::string line;
            for (const Piece &piece : pieces) line += "  " + piece.text;
            if (rank == 0 || length(line) <= room) return line + "\n";
            std::erase_if(pieces, [&](const Piece &piece) { return piece.rank == rank; });
        }
    }

    std::map<std::string, double> values_;
    double total_ = 0, seconds_ = 0;
    int count_ = 0;
};

}  // namespace table
