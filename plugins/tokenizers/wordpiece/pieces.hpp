// A word in the longest pieces that the vocabulary has, from its beginning on.
#pragma once

#include "../common/tokens.hpp"

namespace wordpiece {

using tokenizers::Code;

class Pieces {
  public:
    Pieces() = default;
    explicit Pieces(const tokenizers::Tokens &tokens) {
        for (const std::string &token : tokens.all()) longest_ = std::max(longest_, token.size());
    }

    /// Appends the tokens of a word; false, with nothing appended, if there are none for it.
    bool split(const tokenizers::Tokens &tokens, const std::vector<Code> &word,
               std::vector<std::int64_t> &ids) const {
        constexpr std::string_view inside = "##";
        std::string text(inside);
        std::vector<std::size_t> ends{text.size()};  // of the characters
        for (const Code code : word) {
            tokenizers::append(text, code);
            ends.push_back(text.size());
        }
        const std::size_t before = ids.size();
        std::string piece;
        for (std::size_t begin = 0; begin < word.size();) {
            std::size_t end = word.size();
            std::int64_t id = -1;
            for (; end > begin; --end) {
                if (ends[end] - ends[begin] > longest_) continue;
                piece.assign(begin == 0 ? "" : inside);
                piece.append(text, ends[begin], ends[end] - ends[begin]);
                if (id = tokens.id(piece); id >= 0) break;
            }
            if (id < 0) {
                ids.resize(before);
                return false;
            }
            ids.push_back(id);
            begin = end;
        }
        return true;
    }

  private:
    std::size_t longest_ = 0;  // token, in bytes
};

}  // namespace wordpiece
