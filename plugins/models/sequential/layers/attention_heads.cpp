// The heads of attention: softmax(scores) times values, for each by itself.
#include "kernels/kernels.hpp"
#include "layers/attention.hpp"
#include "layers/attention_sites.hpp"
#include "layers/distance_bias.hpp"
#include "layers/map_dropout.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sequential {
namespace {

constexpr float left_out = -std::numeric_limits<float>::infinity();

/// From one value [length, 3 dim] of queries, keys and values, or from two, [queries, dim] and
/// [length, 2 dim]. Padding is left out among the keys.
class Heads final : public Operation {
  public:
    Heads(Builder &builder, std::vector<int> from, int result, const Attention &attention,
          const AttentionWeights &weights)
        : padding_(builder.padding),
          attention_(attention),
          score_(weights.score),
          itself_(from.size() == 1),
          queries_(builder.graph.value(from[0]).shape[0]),
          length_(builder.graph.value(from.back()).shape[0]),
          dim_(builder.graph.value(result).shape[1]),
          width_(dim_ / attention.heads),
          padded_(round_up(length_, kernels().block)),
          bias_(builder.graph, attention, weights.bias, length_, padded_),
          sites_(builder.graph, weights.name, attention.heads) {
        Graph &graph = builder.graph;
        sites_.set_lengths(queries_, length_);
        inputs = std::move(from);
        outputs = {result};
        maps_size_ = volume({attention.heads, queries_, padded_});
        maps_ = graph.reserve(static_cast<std::size_t>(graph.width * maps_size_) * sizeof(float));
        tokens_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
        const std::int64_t turned = score_ != nullptr ? 2 * width_ * padded_ + width_ : 0;
        graph.reserve_scratch(
            static_cast<std::size_t>(product_scratch() + (queries_ + 1) * padded_ + turned) *
            sizeof(float));
        if (score_ != nullptr) score_slot_ = graph.add_gradient_slot(dim_);
        if (attention.dropout > 0)
            dropout_.emplace(graph, attention.dropout, builder.next_ordinal(), attention.heads,
                             queries_, padded_);
        pack();
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const Room room(*this, batch);
            auto *tokens = batch.frame->extra<std::uint8_t>(tokens_) + row * length_;
            padding_.tokens(batch, row, length_, tokens);
            for (std::int64_t j = 0; j < padded_; ++j)
                room.penalty[j] = j < length_ && tokens[j] != 0 ? 0.0F : left_out;
            for (std::int64_t head = 0; head < attention_.heads; ++head) {
                const Vectors in = values(batch, row, head);
                float *map = this->map(batch, row, head);
                score(room, head, in, map);
                for (std::int64_t i = 0; i < queries_; ++i) {
                    const AttentionLine at = line_of({row, head, i}, tokens);
                    float *line = map + i * padded_;
                    if (batch.sites != nullptr) sites_.logits(batch, at, bias_.line(head, i), line);
                    normalise(room, at, line);
                    if (batch.sites != nullptr) sites_.maps(batch, at, line);
                }
                const float *shares = map;
                if (dropout_) {
                    dropout_->drop(batch, dropped({row, head}), map, room.slopes);
                    shares = room.slopes;
                }
                multiply({queries_, length_, width_, 1.0F, dim_}, {shares, padded_, 1},
                         {in.values, key_row(), 1}, room.product,
                         batch.value(outputs[0], row) + head * width_);
            }
        }
    }

    void backward(Batch &batch, bool, bool parameters) const override {
        if (parameters) clear_sums(*batch.gradients);
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const Room room(*this, batch);
            const auto *tokens = batch.frame->extra<std::uint8_t>(tokens_) + row * length_;
            for (std::int64_t head = 0; head < attention_.heads; ++head) {
                const Vectors in = values(batch, row, head), dx = gradients(batch, row, head);
                const float *map = this->map(batch, row, head), *shares = map;
                if (dropout_) {
                    dropout_->again(batch, dropped({row, head}), map, room.slopes);
                    shares = room.slopes;
                }
                const Matrix g{batch.gradient(outputs[0], row) + head * width_, dim_, 1};
                multiply({length_, queries_, width_, 1.0F, key_row()}, {shares, 1, padded_}, g,
                         room.product, dx.values);
                multiply({queries_, width_, length_, 1.0F, padded_}, g, {in.values, 1, key_row()},
                         room.product, room.slopes);
                for (std::int64_t i = 0; i < queries_; ++i)
                    std::fill(room.slopes + i * padded_ + length_, room.slopes + (i + 1) * padded_,
                              0.0F);
                if (dropout_)
                    dropout_->again(batch, dropped({row, head}), room.slopes, room.slopes);
                for (std::int64_t i = 0; i < queries_; ++i) {
                    float *slopes = room.slopes + i * padded_;
                    const AttentionLine at = line_of({row, head, i}, tokens);
                    if (batch.sites != nullptr) sites_.maps_gradient(batch, at, slopes);
                    kernels().softmax_gradient(padded_, map + i * padded_, slopes);
                    if (batch.sites != nullptr) sites_.logits_gradient(batch, at, slopes);
                    if (parameters && bias_.learned())
                        bias_.add_to_sums(*batch.gradients, head, i, length_, slopes);
                }
                score_gradient(room, head, in, dx, parameters ? batch.gradients : nullptr);
            }
        }
    }

    bool by_example() const override { return true; }
    bool has_parameters() const override { return score_ != nullptr || bias_.learned(); }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        queries_ = graph.value(inputs[0]).shape[0];
        length_ = graph.value(inputs.back()).shape[0];
        padded_ = round_up(length_, kernels().block);
        graph.value(outputs[0]).shape[0] = queries_;
        maps_size_ = attention_.heads * queries_ * padded_;
        sites_.set_lengths(queries_, length_);
        return true;
    }

    Shape site_shape() const override { return sites_.shape(); }
    void mark_site(const Batch &batch, std::int64_t row, float *to) const override {
        std::vector<std::uint8_t> tokens(static_cast<std::size_t>(length_));
        padding_.tokens(batch, row, length_, tokens.data());
        for (std::int64_t head = 0; head < attention_.heads; ++head)
            for (std::int64_t i = 0; i < queries_; ++i)
                sites_.mark(line_of({row, head, i}, tokens.data()), to);
    }

    void pack() override { bias_.pack(); }

    void deposit(const ParameterGradients &gradients) const override {
        if (score_ != nullptr)
            kernels().add(gradients.slot(score_slot_), score_->gradient.data(), dim_);
        bias_.deposit(gradients);
    }

  private:
    /// Scratch memory, shared out.
    struct Room {
        Room(const Heads &heads, const Batch &batch)
            : product(batch.work->scratch()),
              slopes(product + heads.product_scratch()),
              penalty(slopes + heads.queries_ * heads.padded_),
              keys(penalty + heads.padded_),
              key_slopes(keys + heads.width_ * heads.padded_),
              query_slopes(key_slopes + heads.width_ * heads.padded_) {}
        float *product, *slopes, *penalty, *keys, *key_slopes, *query_slopes;
    };
    /// A head's part of queries, keys and values, or of their gradients.
    struct Vectors {
        float *queries, *keys, *values;
    };

    std::int64_t product_scratch() const {
        return kernels().multiply_scratch(std::max({queries_, length_, width_}));
    }
    static void multiply(const MatrixProduct &m, const Matrix &x, const Matrix &w, float *scratch,
                         float *y) {
        kernels().multiply(m, x, w, scratch, y);
    }
    float scale() const { return 1.0F / std::sqrt(static_cast<float>(width_)); }
    float *map(const Batch &batch, std::int64_t row, std::int64_t head) const {
        return batch.frame->extra<float>(maps_) + row * maps_size_ + head * queries_ * padded_;
    }
    MapDropout::Map dropped(MapDropout::Map at) const {
        return {at.row, at.head, queries_, length_, padded_};
    }
    AdditiveScores additive() const { return {width_, length_}; }

    // Floats from one query, or one key and value, to the next.
    std::int64_t query_row() const { return itself_ ? 3 * dim_ : dim_; }
    std::int64_t key_row() const { return itself_ ? 3 * dim_ : 2 * dim_; }
    Vectors part(float *first, float *second, std::int64_t head) const {
        float *keys = (itself_ ? first + dim_ : second) + head * width_;
        return {first + head * width_, keys, keys + dim_};
    }
    Vectors values(const Batch &batch, std::int64_t row, std::int64_t head) const {
        return part(batch.value(inputs[0], row), batch.value(inputs.back(), row), head);
    }
    Vectors gradients(const Batch &batch, std::int64_t row, std::int64_t head) const {
        return part(batch.gradient(inputs[0], row), batch.gradient(inputs.back(), row), head);
    }

    // Keys of a head as the kernels of additive scores want them: value by value.
    void turn_keys(const float *in, float *keys) const {
        std::fill_n(keys, width_ * padded_, 0.0F);
        for (std::int64_t j = 0; j < length_; ++j)
            for (std::int64_t c = 0; c < width_; ++c) keys[c * padded_ + j] = in[j * key_row() + c];
    }

    void score(const Room &room, std::int64_t head, const Vectors &in, float *map) const {
        if (score_ == nullptr)
            return multiply({queries_, width_, length_, scale(), padded_},
                            {in.queries, query_row(), 1}, {in.keys, 1, key_row()}, room.product,
                            map);
        turn_keys(in.keys, room.keys);
        for (std::int64_t i = 0; i < queries_; ++i)
            kernels().additive_scores(additive(), in.queries + i * query_row(), room.keys,
                                      score_->value.data() + head * width_, map + i * padded_);
    }

    // From `room.slopes` at the scores to queries and keys, and to the weight of additive scores.
    void score_gradient(const Room &room, std::int64_t head, const Vectors &in, const Vectors &dx,
                        const ParameterGradients *gradients) const {
        if (score_ == nullptr) {
            multiply({queries_, length_, width_, scale(), query_row()}, {room.slopes, padded_, 1},
                     {in.keys, key_row(), 1}, room.product, dx.queries);
            multiply({length_, queries_, width_, scale(), key_row()}, {room.slopes, 1, padded_},
                     {in.queries, query_row(), 1}, room.product, dx.keys);
            return;
        }
        turn_keys(in.keys, room.keys);
        std::fill_n(room.key_slopes, width_ * padded_, 0.0F);
        float *weight = gradients != nullptr ? gradients->slot(score_slot_) + head * width_
                                             : room.query_slopes;  // which nobody reads then
        for (std::int64_t i = 0; i < queries_; ++i)
            kernels().additive_scores_gradient(
                additive(), in.queries + i * query_row(), room.keys,
                score_->value.data() + head * width_, room.slopes + i * padded_,
                dx.queries + i * query_row(), room.key_slopes, weight);
        for (std::int64_t j = 0; j < length_; ++j)
            for (std::int64_t c = 0; c < width_; ++c)
                dx.keys[j * key_row() + c] = room.key_slopes[c * padded_ + j];
    }

    AttentionLine line_of(AttentionLine at, const std::uint8_t *tokens) const {
        const std::int64_t reach = attention_.window > 0 ? attention_.window : length_ + queries_;
        at.first = std::max<std::int64_t>(0, at.query - reach);
        at.last = std::min(length_, at.query + 1 + (attention_.causal ? 0 : reach));
        at.tokens = tokens;
        at.token = !itself_ || tokens[at.query] != 0;
        return at;
    }

    // One query's scores become its shares.
    void normalise(const Room &room, const AttentionLine &at, float *line) const {
        std::fill(line, line + at.first, left_out);
        std::fill(line + at.last, line + length_, left_out);
        kernels().softmax(padded_, room.penalty, bias_.line(at.head, at.query), line);
    }

    void clear_sums(const ParameterGradients &gradients) const {
        if (score_ != nullptr) std::fill_n(gradients.slot(score_slot_), dim_, 0.0F);
        bias_.clear_sums(gradients);
    }

    Padding padding_;
    Attention attention_;
    Parameter *score_;
    const bool itself_;  // queries and keys are of the same positions
    std::int64_t queries_, length_, dim_, width_, padded_;  // of a head; lines in whole blocks
    std::int64_t maps_size_ = 0;
    std::size_t maps_ = 0, tokens_ = 0;
    DistanceBias bias_;
    int score_slot_ = -1;
    AttentionSites sites_;
    std::optional<MapDropout> dropout_;
};

}  // namespace

std::unique_ptr<Operation> make_heads(Builder &builder, std::vector<int> from, int result,
                                      const Attention &attention, const AttentionWeights &weights) {
    return std::make_unique<Heads>(builder, std::move(from), result, attention, weights);
}

}  // namespace sequential
