"""The words of the generated minimal pairs: deeds, and scenes in which something is done to one of two."""


def listed(text: str) -> tuple[str, ...]:
    """The phrases of a text, which are separated by commas."""
    return tuple(" ".join(phrase.split()) for phrase in text.split(","))


FRAMES = ("I chose {}to {}.", "I decided {}to {}.", "This time I preferred {}to {}.")

# domain → (good acts, bad acts)
ACTS = {
    "family": (
        listed("""
            comfort my crying daughter, visit my grandmother in hospital, read my son a story, forgive my
            brother, cook dinner for my tired wife, call my lonely father, help my sister move house, thank
            my parents, play with my nephew, listen to my husband, remember my mother's birthday, hug my
            little boy, share my dessert with my cousin, support my niece's dream
        """),
        listed("""
            slap my daughter, steal from my grandmother, frighten my son, lie to my brother, shout at my
            wife, abandon my father, betray my sister, insult my parents, lock my nephew in the cellar,
            cheat on my husband, break my mother's favourite vase, mock my little boy, poison my cousin,
            burn my niece's drawings
        """),
    ),
    "work": (
        listed("""
            praise my assistant, train the new colleague, finish the report on time, pay the interns fairly,
            admit my mistake to the team, protect the workers from the fumes, answer the customer politely,
            share the credit with my partner, promote the best candidate, repair the faulty brake, keep my
            promise to the client, give the cleaner a day off, warn the crew of the danger, welcome the
            apprentice
        """),
        listed("""
            humiliate my assistant, bully the new colleague, forge the report, cheat the interns, blame the
            team for my mistake, expose the workers to asbestos, swear at the customer, steal the idea of my
            partner, threaten the best candidate, hide the faulty brake, deceive the client, harass the
            cleaner, sabotage the machine, fire the pregnant apprentice
        """),
    ),
    "street": (
        listed("""
            help the old man across the road, stop for the children at the crossing, offer my seat to the
            pregnant woman, return the lost wallet, give the homeless man a blanket, carry the heavy bag of
            a stranger, call an ambulance for the wounded cyclist, drive home sober, pick up the litter,
            show the tourist the way, clear the icy pavement, rescue the boy from the river, wait for the
            slow pedestrian, calm the angry driver
        """),
        listed("""
            push the old man into the road, speed past the school, trip the pregnant woman, rob the
            stranger, kick the homeless man, smash the shop window, run over the cyclist, drive home drunk,
            dump rubbish in the park, spit at the tourist, stab the guard, drown the boy in the river, run
            the red light, punch the angry driver
        """),
    ),
    "money": (
        listed("""
            donate to the children's hospital, repay my debt, tip the waiter generously, return the extra
            change, save for my child's education, lend my friend the rent, pay my taxes honestly, give my
            old clothes to charity, buy lunch for the poor student, split the bill fairly, refund the
            unhappy buyer, sponsor the orphanage, insure my workers, report the accounting error
        """),
        listed("""
            steal from the children's hospital, gamble away the rent, pay with fake coins, keep the stolen
            purse, waste my child's savings, swindle my friend, evade my taxes, rob the charity box,
            overcharge the poor student, bribe the judge, sell broken toys as new, embezzle the pension
            fund, scam the old widow, blackmail the mayor
        """),
    ),
    "animals": (
        listed("""
            feed the stray cat, free the trapped bird, take the sick dog to the vet, adopt the old
            greyhound, brush the pony gently, give the cows clean water, save the hedgehog from the fire,
            plant flowers for the bees, carry the turtle off the road, nurse the injured fox, walk the
            lonely dog, build a warm shed for the goats, protect the nest of the owl, return the fish to the
            lake
        """),
        listed("""
            torture the stray cat, crush the trapped bird, beat the sick dog, starve the old greyhound, whip
            the pony, poison the cows, set the hedgehog on fire, spray the bees with poison, throw stones at
            the turtle, blind the injured fox, leave the dog in the hot car, neglect the goats, destroy the
            nest of the owl, pollute the lake
        """),
    ),
    "school": (
        listed("""
            help the shy girl with her homework, include the new pupil in the game, study hard for the exam,
            apologise to the teacher, defend the boy from the bullies, encourage the weak swimmer, tell the
            headmaster the truth, share my notes with the class, tidy the classroom, cheer for the losing
            team, return the library book, congratulate the winner, sit beside the lonely child, explain the
            rules patiently
        """),
        listed("""
            tease the shy girl, exclude the new pupil from the game, cheat in the exam, slander the teacher,
            beat up the small boy, laugh at the weak swimmer, lie to the headmaster, steal the notes of a
            classmate, vandalise the classroom, injure the goalkeeper on purpose, tear up the library book,
            spread rumours about the winner, torment the lonely child, ruin the school play
        """),
    ),
}

# domain → (scenes (who acts, the other person), what is welcome, what is not)
ROLES = {
    "office": (
        (("My boss", "my rival"), ("The director", "the new colleague")),
        listed("praised, promoted, rewarded, thanked, trusted, defended, chose"),
        listed("fired, insulted, blamed, humiliated, punished, demoted, ignored"),
    ),
    "family": (
        (("My father", "my brother"), ("My aunt", "my cousin")),
        listed("hugged, comforted, kissed, forgave, spoiled, protected, welcomed"),
        listed("slapped, scolded, abandoned, disowned, mocked, cursed, neglected"),
    ),
    "street": (
        (("The stranger", "the tourist"), ("The policeman", "my neighbour")),
        listed("helped, rescued, greeted, assisted, guided, saved, warned"),
        listed("robbed, attacked, stabbed, arrested, threatened, kidnapped, punched"),
    ),
    "stage": (
        (("The jury", "the other singer"), ("The audience", "my twin")),
        listed("honoured, cheered, adored, celebrated, elected, voted for, crowned"),
        listed("booed, jeered at, disqualified, hissed at, despised, laughed at, shunned"),
    ),
    "school": (
        (("The teacher", "my classmate"), ("The coach", "the new boy")),
        listed("encouraged, congratulated, complimented, admired, supported, tutored, picked"),
        listed("ridiculed, expelled, suspended, criticised, bullied, shamed, rejected"),
    ),
    "money": (
        (("The bank", "my competitor"), ("The rich widow", "her nephew")),
        listed("paid, sponsored, hired, funded, repaid, believed, invited"),
        listed("cheated, swindled, sued, deceived, ruined, bankrupted, betrayed"),
    ),
}

# (favourable, unfavourable)
ADJECTIVES = (
    listed("""
        wonderful, delightful, excellent, charming, superb, lovely, brilliant, enjoyable, splendid,
        fantastic, pleasant, beautiful, perfect, terrific, marvellous, great, magnificent, amazing,
        impressive, good, fine, fabulous, glorious, exquisite, outstanding, refreshing, satisfying, sublime,
        stunning, nice
    """),
    listed("""
        horrible, dreadful, terrible, revolting, awful, ugly, stupid, unbearable, miserable, disgusting,
        unpleasant, hideous, ruined, atrocious, abysmal, bad, pathetic, appalling, disappointing, poor,
        dull, lousy, gloomy, vile, mediocre, tedious, frustrating, ghastly, dismal, nasty
    """),
)
