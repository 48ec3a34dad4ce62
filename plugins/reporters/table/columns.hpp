// Rows of text in columns of widths fixed beforehand, so that a row can be shown as soon as it is
// known. Columns that do not fit are left out.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace table {

/// Characters of UTF-8 text, one column each.
inline std::size_t length(const std::string &text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

struct Column {
    std::string title;
    std::size_t width;  // of the widest cell expected
    bool left;          // otherwise aligned to the right
    int rank;           // columns of the highest rank are dropped first for lack of room; 0: never
};

class Columns {
  public:
    static constexpr std::size_t indent = 2, gap = 2;

    Columns() = default;
    Columns(std::vector<Column> columns, std::size_t room) : columns_(std::move(columns)) {
        for (Column &column : columns_) column.width = std::max(column.width, length(column.title));
        for (int rank = most_rank(); rank > 0 && width() > room; --rank)
            for (Column &column : columns_)
                if (column.rank == rank && width() > room) column.width = 0;
    }

    std::string head() const {
        std::vector<std::string> titles;
        for (const Column &column : columns_) titles.push_back(column.title);
        return row(titles);
    }

    /// A first cell wider than its column gets its own line.
    std::string row(const std::vector<std::string> &cells) const {
        std::string text, line(indent, ' ');
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const Column &column = columns_[i];
            if (column.width == 0) continue;
            std::string cell = cells[i];
            if (i == 0 && length(cell) > column.width) {
                text = line + cell + "\n";
                cell.clear();
            }
            const std::string space(column.width - std::min(column.width, length(cell)), ' ');
            if (i > 0) line.append(gap, ' ');
            line += column.left ? cell + space : space + cell;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        return text + (line.empty() ? "" : line + "\n");
    }

  private:
    int most_rank() const {
        int most = 0;
        for (const Column &column : columns_) most = std::max(most, column.rank);
        return most;
    }
    std::size_t width() const {
        std::size_t sum = indent;
        for (const Column &column : columns_)
            if (column.width > 0) sum += column.width + (sum > indent ? gap : 0);
        return sum;
    }

    std::vector<Column> columns_;
};

}  // namespace table
