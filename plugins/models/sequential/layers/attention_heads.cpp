// The heads of self-attention: softmax(scores) times values, for each by itself.
#include "kernels/kernels.hpp"
#include "layers/attention.hpp"
#include "layers/attention_sites.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sequential {
namespace {

constexpr float left_out = -std::numeric_limits<float>::infinity();

/// How scores fall with the distance: 2^(-8 / heads) to powers of 1, 2, ..., and where the heads
/// are no power of two, every second one of twice as many for the others, as in the paper.
double alibi_slope(std::int64_t head, std::int64_t heads) {
    std::int64_t power = 1;
    while (2 * power <= heads) power *= 2;
    const bool inside = head < power;
    const auto step = static_cast<double>(inside ? head + 1 : 2 * (head - power) + 1);
    return std::exp2(-8.0 * step / static_cast<double>(inside ? power : 2 * power));
}

class Heads final : public Operation {
  public:
    Heads(Graph &graph, int input, int result, const Padding &padding, const Attention &attention,
          const AttentionWeights &weights)
        : padding_(padding),
          attention_(attention),
          score_(weights.score),
          bias_(weights.bias),
          greatest_length_(graph.value(result).shape[0]),
          length_(greatest_length_),
          dim_(graph.value(result).shape[1]),
          width_(dim_ / attention.heads),
          padded_(round_up(length_, kernels().block)),
          sites_(graph, weights.name, attention.heads) {
        sites_.set_length(length_);
        inputs = {input};
        outputs = {result};
        maps_size_ = volume({attention.heads, length_, padded_});
        maps_ = graph.reserve(static_cast<std::size_t>(graph.width * maps_size_) * sizeof(float));
        tokens_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
        const std::int64_t product = kernels().multiply_scratch(std::max(length_, width_));
        const std::int64_t turned = score_ != nullptr ? 2 * width_ * padded_ + width_ : 0;
        graph.reserve_scratch(static_cast<std::size_t>(product + (length_ + 1) * padded_ + turned) *
                              sizeof(float));
        if (score_ != nullptr) score_slot_ = graph.add_gradient_slot(dim_);
        if (bias_ != nullptr) bias_slot_ = graph.add_gradient_slot(bias_size());
        if (bias_ != nullptr || attention.distances == Distances::alibi)
            packed_bias_.resize(static_cast<std::size_t>(bias_size() + padded_ - length_));
        if (attention.distances == Distances::alibi) add_alibi();
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
                const float *in = batch.value(inputs[0], row) + head * width_;
                float *map = this->map(batch, row, head);
                score(room, head, in, map);
                for (std::int64_t i = 0; i < length_; ++i) {
                    const AttentionLine at = line_of({row, head, i}, tokens);
                    float *line = map + i * padded_;
                    if (batch.sites != nullptr) sites_.logits(batch, at, bias_line(head, i), line);
                    normalise(room, at, line);
                    if (batch.sites != nullptr) sites_.maps(batch, at, line);
                }
                multiply({length_, length_, width_, 1.0F, dim_}, {map, padded_, 1},
                         {in + 2 * dim_, 3 * dim_, 1}, room.product,
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
                const float *in = batch.value(inputs[0], row) + head * width_;
                const float *map = this->map(batch, row, head);
                const Matrix g{batch.gradient(outputs[0], row) + head * width_, dim_, 1};
                float *dx = batch.gradient(inputs[0], row) + head * width_;
                multiply({length_, length_, width_, 1.0F, 3 * dim_}, {map, 1, padded_}, g,
                         room.product, dx + 2 * dim_);
                multiply({length_, width_, length_, 1.0F, padded_}, g, {in + 2 * dim_, 1, 3 * dim_},
                         room.product, room.slopes);
                for (std::int64_t i = 0; i < length_; ++i) {
                    float *slopes = room.slopes + i * padded_;
                    std::fill(slopes + length_, slopes + padded_, 0.0F);
                    const AttentionLine at = line_of({row, head, i}, tokens);
                    if (batch.sites != nullptr) sites_.maps_gradient(batch, at, slopes);
                    kernels().softmax_gradient(padded_, map + i * padded_, slopes);
                    if (batch.sites != nullptr) sites_.logits_gradient(batch, at, slopes);
                }
                if (parameters && bias_ != nullptr) add_bias_sums(room, head, *batch.gradients);
                score_gradient(room, head, in, dx, parameters ? batch.gradients : nullptr);
            }
        }
    }

    bool by_example() const override { return true; }
    bool has_parameters() const override { return score_ != nullptr || bias_ != nullptr; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        length_ = graph.value(inputs[0]).shape[0];
        padded_ = round_up(length_, kernels().block);
        graph.value(outputs[0]).shape[0] = length_;
        maps_size_ = attention_.heads * length_ * padded_;
        sites_.set_length(length_);
        return true;
    }

    Shape site_shape() const override { return sites_.shape(); }
    void mark_site(const Batch &batch, std::int64_t row, float *to) const override {
        std::vector<std::uint8_t> tokens(static_cast<std::size_t>(length_));
        padding_.tokens(batch, row, length_, tokens.data());
        for (std::int64_t head = 0; head < attention_.heads; ++head)
            for (std::int64_t i = 0; i < length_; ++i)
                sites_.mark(line_of({row, head, i}, tokens.data()), to);
    }

    void pack() override {
        if (bias_ != nullptr)
            std::copy(bias_->value.begin(), bias_->value.end(), packed_bias_.begin());
    }

    void deposit(const ParameterGradients &gradients) const override {
        if (score_ != nullptr)
            kernels().add(gradients.slot(score_slot_), score_->gradient.data(), dim_);
        if (bias_ != nullptr)
            kernels().add(gradients.slot(bias_slot_), bias_->gradient.data(), bias_size());
    }

  private:
    /// Scratch memory, shared out.
    struct Room {
        Room(const Heads &heads, const Batch &batch)
            : product(batch.work->scratch()),
              slopes(product + kernels().multiply_scratch(std::max(heads.length_, heads.width_))),
              penalty(slopes + heads.length_ * heads.padded_),
              keys(penalty + heads.padded_),
              key_slopes(keys + heads.width_ * heads.padded_),
              query_slopes(key_slopes + heads.width_ * heads.padded_) {}
        float *product, *slopes, *penalty, *keys, *key_slopes, *query_slopes;
    };

    static void multiply(const MatrixProduct &m, const Matrix &x, const Matrix &w, float *scratch,
                         float *y) {
        kernels().multiply(m, x, w, scratch, y);
    }
    float scale() const { return 1.0F / std::sqrt(static_cast<float>(width_)); }
    float *map(const Batch &batch, std::int64_t row, std::int64_t head) const {
        return batch.frame->extra<float>(maps_) + row * maps_size_ + head * length_ * padded_;
    }
    AdditiveScores additive() const { return {width_, length_}; }

    // Keys of a head as the kernels of additive scores want them: value by value.
    void turn_keys(const float *in, float *keys) const {
        std::fill_n(keys, width_ * padded_, 0.0F);
        for (std::int64_t j = 0; j < length_; ++j)
            for (std::int64_t c = 0; c < width_; ++c)
                keys[c * padded_ + j] = in[dim_ + j * 3 * dim_ + c];
    }

    void score(const Room &room, std::int64_t head, const float *in, float *map) const {
        if (score_ == nullptr)
            return multiply({length_, width_, length_, scale(), padded_}, {in, 3 * dim_, 1},
                            {in + dim_, 1, 3 * dim_}, room.product, map);
        turn_keys(in, room.keys);
        for (std::int64_t i = 0; i < length_; ++i)
            kernels().additive_scores(additive(), in + i * 3 * dim_, room.keys,
                                      score_->value.data() + head * width_, map + i * padded_);
    }

    // From `room.slopes` at the scores to queries and keys, and to the weight of additive scores.
    void score_gradient(const Room &room, std::int64_t head, const float *in, float *dx,
                        const ParameterGradients *gradients) const {
        if (score_ == nullptr) {
            multiply({length_, length_, width_, scale(), 3 * dim_}, {room.slopes, padded_, 1},
                     {in + dim_, 3 * dim_, 1}, room.product, dx);
            multiply({length_, length_, width_, scale(), 3 * dim_}, {room.slopes, 1, padded_},
                     {in, 3 * dim_, 1}, room.product, dx + dim_);
            return;
        }
        turn_keys(in, room.keys);
        std::fill_n(room.key_slopes, width_ * padded_, 0.0F);
        float *weight = gradients != nullptr ? gradients->slot(score_slot_) + head * width_
                                             : room.query_slopes;  // which nobody reads then
        for (std::int64_t i = 0; i < length_; ++i)
            kernels().additive_scores_gradient(
                additive(), in + i * 3 * dim_, room.keys, score_->value.data() + head * width_,
                room.slopes + i * padded_, dx + i * 3 * dim_, room.key_slopes, weight);
        for (std::int64_t j = 0; j < length_; ++j)
            for (std::int64_t c = 0; c < width_; ++c)
                dx[dim_ + j * 3 * dim_ + c] = room.key_slopes[c * padded_ + j];
    }

    AttentionLine line_of(AttentionLine at, const std::uint8_t *tokens) const {
        const std::int64_t reach = attention_.window > 0 ? attention_.window : length_;
        at.first = std::max<std::int64_t>(0, at.query - reach);
        at.last = std::min(length_, at.query + 1 + (attention_.causal ? 0 : reach));
        at.tokens = tokens;
        return at;
    }
    const float *bias_line(std::int64_t head, std::int64_t query) const {
        return packed_bias_.empty() ? nullptr : packed_bias_.data() + bias_of(head, query);
    }

    // One query's scores become its shares.
    void normalise(const Room &room, const AttentionLine &at, float *line) const {
        std::fill(line, line + at.first, left_out);
        std::fill(line + at.last, line + length_, left_out);
        kernels().softmax(padded_, room.penalty, bias_line(at.head, at.query), line);
    }

    // A bias for each head and for the distances from 1 - length to length - 1.
    std::int64_t distances() const { return 2 * greatest_length_ - 1; }
    std::int64_t bias_size() const { return attention_.heads * distances(); }
    std::int64_t bias_of(std::int64_t head, std::int64_t query) const {
        return head * distances() + greatest_length_ - 1 - query;
    }
    void add_alibi() {
        for (std::int64_t head = 0; head < attention_.heads; ++head)
            for (std::int64_t d = 1 - greatest_length_; d < greatest_length_; ++d)
                packed_bias_[static_cast<std::size_t>(bias_of(head, -d))] = static_cast<float>(
                    -alibi_slope(head, attention_.heads) * static_cast<double>(std::abs(d)));
    }
    void add_bias_sums(const Room &room, std::int64_t head,
                       const ParameterGradients &gradients) const {
        for (std::int64_t i = 0; i < length_; ++i)
            kernels().add(room.slopes + i * padded_, gradients.slot(bias_slot_) + bias_of(head, i),
                          length_);
    }
    void clear_sums(const ParameterGradients &gradients) const {
        if (score_ != nullptr) std::fill_n(gradients.slot(score_slot_), dim_, 0.0F);
        if (bias_ != nullptr) std::fill_n(gradients.slot(bias_slot_), bias_size(), 0.0F);
    }

    Padding padding_;
    Attention attention_;
    Parameter *score_, *bias_;
    const std::int64_t greatest_length_;
    std::int64_t length_, dim_, width_, padded_;  // of a head; lines of scores in whole blocks
    std::int64_t maps_size_ = 0;
    std::size_t maps_ = 0, tokens_ = 0;
    std::vector<float> packed_bias_;  // and zeros for filling; empty: none
    int score_slot_ = -1, bias_slot_ = -1;
    AttentionSites sites_;
};

}  // namespace

std::unique_ptr<Operation> make_heads(Graph &graph, int input, int result, const Padding &padding,
                                      const Attention &attention, const AttentionWeights &weights) {
    return std::make_unique<Heads>(graph, input, result, padding, attention, weights);
}

}  // namespace sequential
