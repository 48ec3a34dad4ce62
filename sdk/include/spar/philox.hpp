// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
// easy as 1, 2, 3"). A number is a function of (key, id, draw, index) alone: it depends neither on
// threads nor on the batch or the numbers drawn before.
#pragma once

#include <spar/abi/visibility.h>

#include <array>
#include <cmath>
#include <cstdint>

namespace SPAR_HIDDEN spar {

using PhiloxCounter = std::array<std::uint32_t, 4>;

/// Four random words from a 128-bit counter and a 64-bit key.
inline PhiloxCounter philox4x32(PhiloxCounter counter, std::uint64_t key) {
    auto key0 = static_cast<std::uint32_t>(key);
    auto key1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product0 = std::uint64_t{0xD2511F53} * counter[0];
        const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * counter[2];
        counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key0,
                   static_cast<std::uint32_t>(product1),
                   static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key1,
                   static_cast<std::uint32_t>(product0)};
        key0 += 0x9E3779B9U;
        key1 += 0xBB67AE85U;
    }
    return counter;
}

/// Mixes a number into a key: a new, unrelated key for a purpose, an epoch or a node.
inline std::uint64_t mix_key(std::uint64_t key, std::uint64_t value) {
    const PhiloxCounter words =
        philox4x32({static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32),
                    0x6B657973U, 0},
                   key);
    return std::uint64_t{words[0]} | (std::uint64_t{words[1]} << 32);
}

/// The stream of one example: element `index` of draw `draw`.
class Random {
  public:
    Random(std::uint64_t key, std::int64_t id, std::uint32_t draw = 0)
        : key_(key),
          id_low_(static_cast<std::uint32_t>(id)),
          id_high_(static_cast<std::uint32_t>(static_cast<std::uint64_t>(id) >> 32)),
          draw_(draw) {}

    /// What the stream was made from, to pass it on.
    std::uint64_t key() const { return key_; }
    std::int64_t id() const {
        return static_cast<std::int64_t>((std::uint64_t{id_high_} << 32) | id_low_);
    }

    /// An unrelated stream, for a part of the example.
    Random part(std::uint64_t part) const { return {mix_key(key_, part), id(), draw_}; }

    /// Uniform 32 bits.
    std::uint32_t word(std::int64_t index) {
        const auto block = static_cast<std::uint32_t>(index >> 2);
        if (!filled_ || block != block_) {
            words_ = philox4x32({block, draw_, id_low_, id_high_}, key_);
            block_ = block;
            filled_ = true;
        }
        return words_[static_cast<std::size_t>(index & 3)];
    }

    /// Uniform in [0, 1), a multiple of 2^-24.
    float uniform(std::int64_t index) { return static_cast<float>(word(index) >> 8) * 0x1p-24F; }

    /// Uniform in [low, high).
    float uniform(std::int64_t index, float low, float high) {
        return low + (high - low) * uniform(index);
    }

    /// Uniform in {0, ..., count - 1}; count at most 2^32.
    std::int64_t below(std::int64_t index, std::int64_t count) {
        return static_cast<std::int64_t>(
            (std::uint64_t{word(index)} * static_cast<std::uint64_t>(count)) >> 32);
    }

    /// Standard normal (Box and Muller 1958). Index i takes words 2i and 2i + 1 of the stream.
    float normal(std::int64_t index) {
        const double radius_word = (static_cast<double>(word(2 * index)) + 0.5) * 0x1p-32;
        const double angle_word = static_cast<double>(word(2 * index + 1)) * 0x1p-32;
        constexpr double two_pi = 6.283185307179586476925;
        return static_cast<float>(std::sqrt(-2.0 * std::log(radius_word)) *
                                  std::cos(two_pi * angle_word));
    }

  private:
    std::uint64_t key_;
    std::uint32_t id_low_, id_high_, draw_;
    std::uint32_t block_ = 0;
    bool filled_ = false;
    PhiloxCounter words_{};
};

}  // namespace spar
