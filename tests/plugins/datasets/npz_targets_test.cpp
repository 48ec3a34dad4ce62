// What the array of targets means: classes or values. NumPy writes the files.
#include "advice.hpp"
#include "archives.hpp"

using namespace spar;
using namespace spar::test;

namespace {

using Labels = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("one-hot rows and whole fractions name classes, or say why they do not") {
    const Archives made(R"(
x, y = r.rand(6, 2), np.array([2, 0, 1, 1, 2, 0])
for kind in 'f4', 'i8', 'u1', '?':
    np.savez('hot_%s.npz' % kind.replace('?', 'bool'), x=x, y=np.eye(3)[y].astype(kind))
np.savez('hot_fortran.npz', x=x, y=np.asfortranarray(np.eye(3)[y]))
np.savez('whole.npz', x=x, y=y.astype('f4'))
np.savez('column.npz', x=x, y=y[:, None].astype('u1'))
np.savez('soft.npz', x=x, y=0.9 * np.eye(3)[y] + 0.1 / 3)
np.savez('real.npz', x=x, y=r.randn(6, 2))
)");
    if (!made) return;
    const Labels labels{2, 0, 1, 1, 2, 0};
    for (const std::string name :
         {"hot_f4", "hot_i8", "hot_u1", "hot_bool", "hot_fortran", "column"}) {
        CAPTURE(name);
        const Opened data(made.node(name));
        CHECK(data.info().target == SPAR_TARGET_CLASS);
        CHECK(data.info().outputs == 3);
        CHECK(data.all().labels == labels);
    }
    CHECK(advice(made.node("hot_f4")) == Codes{"one_hot_as_classes"});
    CHECK(advice(made.node("hot_i8")).empty());
    CHECK(advice(made.node("whole")) == Codes{"whole_numbers_as_values"});
    CHECK(advice(made.node("soft")) == Codes{"shares_as_values"});
    CHECK(advice(made.node("real")).empty());
    const std::string classes = R"(,"targets":"classes")", values = R"(,"targets":"values")";
    CHECK(Opened(made.node("whole", classes)).all().labels == labels);
    CHECK(advice(made.node("whole", values)).empty());
    CHECK(Opened(made.node("hot_i8", values)).info().target == SPAR_TARGET_VALUES);
    CHECK(Opened(made.node("hot_u1", values)).all().values[0][2] == 1);
    CHECK(has(refusal(made.node("soft", classes)), "expected labels"));
    CHECK(has(refusal(made.node("real", classes)), "expected labels"));
}

TEST_CASE("rows of -1 and +1, and rows with several ones") {
    const Archives made(R"(
x, y = r.rand(6, 2), np.array([2, 0, 1, 1, 2, 0])
signs = 2 * np.eye(3)[y] - 1
several = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1], [0, 0, 0], [0, 1, 1], [1, 1, 1]])
np.savez('hinge.npz', x=x, y=signs.astype('f4'))
np.savez('hinge_int.npz', x=x, y=signs.astype('i1'))
np.savez('several.npz', x=x, y=several.astype('f4'))
np.savez('several_signs.npz', x=x, y=2.0 * several - 1)
np.savez('mixed.npz', x=x, y=np.where(np.arange(6)[:, None] < 3, signs, np.eye(3)[y]))
np.savez('column.npz', x=x, y=np.array([-1, 1, 1, -1, 1, -1], 'f4'))
np.savez('column_int.npz', x=x, y=np.array([-1, 1, 1, -1, 1, -1]))
np.savez('below.npz', x=x, y=np.array([-2, 1, 0, -1, 1, -1], 'f4'))
)");
    if (!made) return;
    const Labels labels{2, 0, 1, 1, 2, 0};
    for (const std::string name : {"hinge", "hinge_int"})
        CHECK(Opened(made.node(name)).all().labels == labels);
    CHECK(advice(made.node("hinge")) == Codes{"one_hot_as_classes"});
    CHECK(advice(made.node("hinge_int")).empty());
    CHECK(Opened(made.node("hinge", R"(,"targets":"values")")).all().values[0][0] == -1);
    for (const std::string name : {"several", "several_signs", "mixed", "column", "below"}) {
        CAPTURE(name);
        CHECK(advice(made.node(name)) == Codes{"whole_numbers_as_values"});
        CHECK(advice(made.node(name, R"(,"targets":"values")")).empty());
    }
    CHECK(has(warnings_of(made.node("several")).at(0).remedy, "several classes"));
    CHECK(has(warnings_of(made.node("column")).at(0).remedy, "save (y > 0)"));
    CHECK(has(warnings_of(made.node("below")).at(0).remedy, "\"first_label\": -2"));
    CHECK(has(refusal(made.node("column", R"(,"targets":"classes")")), "save (y > 0)"));
    CHECK(has(refusal(made.node("column_int")), "save (y > 0)"));
}

TEST_CASE("classes in the middle that have no example are spoken of") {
    const Archives made(R"(
x = r.rand(10, 2)
np.savez('even.npz', x=x, y=2 * (np.arange(10) % 5))
np.savez('whole.npz', x=x, y=np.arange(10) % 5)
np.savez('far.npz', x=x, y=np.where(np.arange(10) == 9, 5000, 0))
)");
    if (!made) return;
    CHECK(advice(made.node("even")) == Codes{"classes_without_examples"});
    const host::Warning even = warnings_of(made.node("even")).at(0);
    CHECK(has(even.message, "4 of the 9 classes have no example (1, 3, 5, 7)"));
    CHECK(has(even.remedy, "\"classes\": 9"));
    CHECK(advice(made.node("even", R"(,"classes":9)")).empty());
    CHECK(advice(made.node("whole")).empty());
    CHECK(has(warnings_of(made.node("far")).at(0).message, "4999 of the 5001 classes"));
}

TEST_CASE("labels that begin at another number are spoken of, and shifted") {
    const Archives made(R"(
x = r.rand(6, 2)
np.savez('one.npz', x=x, y=np.array([1, 2, 3, 3, 2, 1]))
np.savez('some.npz', x=x, y=np.array([1, 3, 1, 3, 1, 3]))
np.savez('five.npz', x=x, y=np.array([5, 7, 6, 6, 7, 5], 'f4'))
np.savez('signs.npz', x=x, y=np.array([-1, 1, 1, -1, 0, 0]))
)");
    if (!made) return;
    CHECK(advice(made.node("one")) == Codes{"classes_without_examples"});
    CHECK(Opened(made.node("one")).info().outputs == 4);
    CHECK(has(warnings_of(made.node("one")).at(0).remedy, "first_label"));
    // A part of the classes: shifting them would make them others.
    CHECK(advice(made.node("some")) == Codes{"classes_without_examples"});
    CHECK(!has(warnings_of(made.node("some")).at(0).remedy, "first_label"));
    const Opened shifted(made.node("one", R"(,"first_label":1)"));
    CHECK(shifted.info().outputs == 3);
    CHECK(shifted.all().labels == Labels{0, 1, 2, 2, 1, 0});
    CHECK(advice(made.node("one", R"(,"first_label":1)")).empty());
    CHECK(advice(made.node("one", R"(,"classes":9)")).empty());
    CHECK(Opened(made.node("five", R"(,"targets":"classes","first_label":5)")).all().labels ==
          Labels{0, 2, 1, 1, 2, 0});
    CHECK(Opened(made.node("signs", R"(,"first_label":-1)")).all().labels ==
          Labels{0, 2, 2, 0, 1, 1});
    CHECK(has(refusal(made.node("signs")), "\"first_label\" shifts labels"));
    CHECK(has(refusal(made.node("one", R"(,"first_label":1,"classes":2)")), "has the label 3"));
    CHECK(has(refusal(made.node("one", R"(,"first_label":2)")), "has the label 1"));
}
