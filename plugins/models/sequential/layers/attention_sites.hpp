// The logits and the maps of attention as sites: what a pass reads, adds and hands back there.
#pragma once

#include "graph/graph.hpp"

namespace sequential {

/// One line, that of a query, of one head in one row of the batch.
struct AttentionLine {
    std::int64_t row, head, query;
    std::int64_t first = 0, last = 0;      /// keys that the query may attend to
    const std::uint8_t *tokens = nullptr;  /// which keys are no padding
    bool token = true;                     /// whether the query is none
};

/// Both sites, [heads, queries, keys].
class AttentionSites {
  public:
    AttentionSites(Graph &graph, const std::string &name, std::int64_t heads)
        : heads_(heads),
          logits_(graph.add_site(name + "logits", SPAR_SITE_LOGITS)),
          maps_(graph.add_site(name + "maps", SPAR_SITE_MAPS)) {}

    void set_lengths(std::int64_t queries, std::int64_t keys) {
        queries_ = queries;
        keys_ = keys;
    }
    Shape shape() const { return {heads_, queries_, keys_}; }

    /// Adds what the pass adds to a line of scores, and shows it together with its bias.
    void logits(const Batch &batch, const AttentionLine &at, const float *bias, float *line) const {
        const SiteUse &use = batch.sites[logits_];
        take(batch, at, use.add, line);
        show(batch, at, line, bias, use.values);
    }
    void maps(const Batch &batch, const AttentionLine &at, const float *line) const {
        show(batch, at, line, nullptr, batch.sites[maps_].values);
    }
    /// The same on the way back, with gradients.
    void logits_gradient(const Batch &batch, const AttentionLine &at, float *line) const {
        gradient(batch, at, batch.sites[logits_], line);
    }
    void maps_gradient(const Batch &batch, const AttentionLine &at, float *line) const {
        gradient(batch, at, batch.sites[maps_], line);
    }

    /// Writes 1 where a line's pairs have an effect, else 0.
    void mark(const AttentionLine &at, float *example) const {
        float *to = example + (at.head * queries_ + at.query) * keys_;
        for (std::int64_t j = 0; j < keys_; ++j) to[j] = has_effect(at, j) ? 1.0F : 0.0F;
    }

  private:
    static bool has_effect(const AttentionLine &at, std::int64_t key) {
        return at.token && at.tokens[key] != 0 && key >= at.first && key < at.last;
    }
    std::int64_t place(const Batch &batch, const AttentionLine &at) const {
        return (((batch.first + at.row) * heads_ + at.head) * queries_ + at.query) * keys_;
    }
    void take(const Batch &batch, const AttentionLine &at, const float *from, float *line) const {
        if (from == nullptr) return;
        from += place(batch, at);
        for (std::int64_t j = 0; j < keys_; ++j)
            if (has_effect(at, j)) line[j] += from[j];
    }
    void show(const Batch &batch, const AttentionLine &at, const float *line, const float *bias,
              float *to) const {
        if (to == nullptr) return;
        to += place(batch, at);
        for (std::int64_t j = 0; j < keys_; ++j)
            to[j] = !has_effect(at, j) ? 0.0F : bias != nullptr ? line[j] + bias[j] : line[j];
    }
    void gradient(const Batch &batch, const AttentionLine &at, const SiteUse &use,
                  float *line) const {
        take(batch, at, use.cotangent, line);
        show(batch, at, line, nullptr, use.gradient);
    }

    std::int64_t heads_, queries_ = 0, keys_ = 0;
    int logits_, maps_;
};

}  // namespace sequential
