// Part of a batch as a batch of its own, for attacks made of attacks.
#pragma once

#include <spar/attack.hpp>

namespace SPAR_HIDDEN spar {

/// Some examples of a batch, and an oracle that knows them by their new row numbers. take() the
/// rows, perturb() with an inner attack, read x_adv(). The inner attack's notes reach the host, its
/// stages do not. Memory is reused.
class Part {
  public:
    /// `rows` are the examples by their row in `batch`, which must outlive the part. `purpose`
    /// gives the part its own random numbers.
    void take(const Oracle &oracle, const AttackBatch &batch, std::vector<std::int64_t> rows,
              std::uint64_t purpose) {
        rows_ = std::move(rows);
        whole_ = oracle.raw();
        const spar_attack_batch &all = batch.raw();
        const auto pick = [&](auto &memory, const auto *source, std::int64_t width) {
            return gather(memory, source, width);
        };
        part_ = all;
        part_.count = std::ssize(rows_);
        part_.x = pick(x_, all.x, all.size);
        part_.mask = pick(mask_, all.mask, batch.mask_size());
        part_.labels = pick(labels_, all.labels, 1);
        part_.values = pick(values_, all.values, oracle.outputs());
        part_.targets = pick(targets_, all.targets, 1);
        part_.ids = pick(ids_, all.ids, 1);
        part_.outputs = pick(outputs_, all.outputs, oracle.outputs());
        part_.key = mix_key(all.key, purpose);
        x_adv_ = x_;
        part_.x_adv = x_adv_.data();
        oracle_ = *whole_;
        oracle_.handle = this;
        oracle_.evaluate = evaluate;
        oracle_.pullback = [](const spar_oracle *self, std::int32_t tape, const float *cotangent,
                              float *gradient, spar_error *error) {
            const spar_oracle *whole = static_cast<Part *>(self->handle)->whole_;
            return whole->pullback(whole, tape, cotangent, gradient, error);
        };
        oracle_.cancelled = [](const spar_oracle *self) {
            const spar_oracle *whole = static_cast<Part *>(self->handle)->whole_;
            return whole->cancelled(whole);
        };
        oracle_.note = [](const spar_oracle *self, std::int64_t row, const char *code,
                          double value) {
            const auto &part = *static_cast<Part *>(self->handle);
            if (part.whole_->note != nullptr && row >= 0 && row < part.part_.count)
                part.whole_->note(part.whole_, part.rows_[static_cast<std::size_t>(row)], code,
                                  value);
        };
        // Stages belong to the outer attack.
        oracle_.stage = [](const spar_oracle *, const char *) {};
    }

    const std::vector<std::int64_t> &rows() const { return rows_; }
    std::int64_t count() const { return part_.count; }
    Rows<float> x_adv() { return {x_adv_.data(), part_.count, part_.size}; }

    void perturb(const spar_component_ref &attack) { spar::perturb(attack, &oracle_, part_); }

  private:
    template <class T>
    const T *gather(std::vector<T> &memory, const T *source, std::int64_t width) const {
        if (source == nullptr) return nullptr;
        memory.reserve(1);  // not null even without rows
        memory.resize(rows_.size() * static_cast<std::size_t>(width));
        for (std::size_t i = 0; i < rows_.size(); ++i)
            std::copy_n(source + rows_[i] * width, width,
                        memory.begin() + static_cast<std::ptrdiff_t>(i) * width);
        return memory.data();
    }

    static spar_status evaluate(const spar_oracle *self, const spar_query *query,
                                spar_error *error) {
        auto &part = *static_cast<Part *>(self->handle);
        return guarded(error, [&] {
            spar_query whole = read_struct(query);
            part.asked_.resize(static_cast<std::size_t>(whole.count));
            for (std::size_t i = 0; i < part.asked_.size(); ++i) {
                const std::int64_t row =
                    whole.rows != nullptr ? whole.rows[i] : static_cast<std::int64_t>(i);
                if (row < 0 || row >= part.part_.count)
                    throw Error(SPAR_E_CONTRACT, "a query for example " + std::to_string(row) +
                                                     " of a batch of " +
                                                     std::to_string(part.part_.count));
                part.asked_[i] = part.rows_[static_cast<std::size_t>(row)];
            }
            whole.rows = part.asked_.data();
            checked([&](spar_error *e) { return part.whole_->evaluate(part.whole_, &whole, e); });
        });
    }

    const spar_oracle *whole_ = nullptr;
    spar_oracle oracle_{};
    spar_attack_batch part_{};
    std::vector<std::int64_t> rows_, asked_, labels_, targets_, ids_;
    std::vector<float> x_, x_adv_, mask_, values_, outputs_;
};

/// Calls one of an attack's parts, and prefixes the place in its errors with that of the part,
/// "/attacks/1". A complete place ("#...") is left as it is.
template <class Call>
void at_part(const std::string &place, Call &&call) {
    try {
        call();
    } catch (const Error &e) {
        if (e.pointer().starts_with('#')) throw;
        throw Error(e.code(), e.what(), place + e.pointer());
    }
}

}  // namespace spar
