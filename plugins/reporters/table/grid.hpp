// Columns of text, the first to the left and the others to the right.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace table {

class Grid {
  public:
    explicit Grid(std::vector<std::string> head) : rows_{std::move(head)} {}

    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

    /// Columns without any cell below their head are left out.
    std::string str() const {
        std::string text;
        for (const auto &row : rows_) {
            std::string line;
            for (std::size_t column = 0; column < row.size(); ++column) {
                if (!used(column)) continue;
                const std::string gap(width(column) - length(row[column]), ' ');
                line += column == 0 ? "  " + row[0] + gap : "   " + gap + row[column];
            }
            line.erase(line.find_last_not_of(' ') + 1);
            text += line + "\n";
        }
        return text;
    }

  private:
    /// Characters of UTF-8 text, one column each.
    static std::size_t length(const std::string &text) {
        return static_cast<std::size_t>(
            std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
    }
    bool used(std::size_t column) const {
        return column == 0 || std::any_of(rows_.begin() + 1, rows_.end(),
                                          [&](const auto &row) { return !row[column].empty(); });
    }
    std::size_t width(std::size_t column) const {
        std::size_t widest = 0;
        for (const auto &row : rows_) widest = std::max(widest, length(row[column]));
        return widest;
    }

    std::vector<std::vector<std::string>> rows_;
};

}  // namespace table
